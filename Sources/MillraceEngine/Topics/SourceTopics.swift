package import Millrace

/// What the patterns of sources come to among topics that exist.
extension Topology {
    /// The user's topics that tasks read by name.
    var taskTopics: Set<String> {
        Set(
            subtopologies.filter { !$0.isGlobal }.flatMap(\.sourceTopics).compactMap { topic in
                if case .external(let name) = topic { name } else { nil }
            })
    }

    /// The topics among some that patterns of sources match, of all sub-topologies or of one. Neither those that a source
    /// reads by name nor the application's own are among them.
    package func topics(
        matchedIn names: some Sequence<String>, _ applicationID: String, by subtopology: Subtopology? = nil
    )
        -> [String]
    {
        topics(
            among: names, matching: (subtopology.map { [$0] } ?? subtopologies).flatMap(\.sourcePatterns), applicationID
        )
    }

    /// The topics among some that are read because some patterns match them.
    func topics(among names: some Sequence<String>, matching patterns: [TopicPattern], _ applicationID: String)
        -> [String]
    {
        if patterns.isEmpty { return [] }
        let read = Set(subtopologies.flatMap(\.sourceTopics).map { $0.resolved(applicationID: applicationID) })
        let own = internalTopics(applicationID)
        return names.sorted().filter { name in
            !read.contains(name) && !own.contains(name) && patterns.contains { $0.matches(name) }
        }
    }

    /// The names of the topology's own topics.
    package func internalTopics(_ applicationID: String) -> Set<String> {
        let changelogs = subtopologies.flatMap(\.stores).compactMap(\.changelogTopic)
        let repartitions = repartitionTopics.map { TopicName.internal($0.name) }
        return Set(
            (changelogs + repartitions).compactMap { topic in
                if case .internal = topic { topic.resolved(applicationID: applicationID) } else { nil }
            })
    }

    /// The groups of topics that are joined, with the topics that patterns match in the place of these.
    func copartitionGroups(matched: [String], _ applicationID: String) -> [CopartitionGroup] {
        copartitionGroups.map { group in
            let topics = topics(among: matched, matching: group.patterns, applicationID).map(TopicName.external)
            var resolved = group
            resolved.topics += topics
            return resolved
        }
    }

    /// A sentence for each topic that more than one source would read.
    func ambiguities(among matched: [String]) -> [String] {
        matched.compactMap { topic in
            let readers = nodes.compactMap { node -> String? in
                guard case .source(let source) = node.kind, source.pattern?.matches(topic) ?? false else { return nil }
                return node.name
            }
            guard readers.count > 1 else { return nil }
            return
                "topic \(topic) matches the patterns of \(readers.joined(separator: " and ")): one source only may read it"
        }
    }

    /// The policies of those topics whose sources have one. What the application writes itself is read in full.
    func offsetResets(of topics: [String], applicationID: String) -> [String: AutoOffsetReset] {
        var resets: [String: AutoOffsetReset] = [:]
        var named: Set<String> = []
        let sources = nodes.compactMap { node in
            if case .source(let source) = node.kind { source } else { nil }
        }
        for source in sources {
            for topic in source.topics {
                let name = topic.resolved(applicationID: applicationID)
                named.insert(name)
                if case .internal = topic { resets[name] = .earliest } else { resets[name] = source.offsetReset }
            }
        }
        for topic in Set(topics).subtracting(named) {
            resets[topic] = sources.first { $0.pattern?.matches(topic) ?? false }?.offsetReset
        }
        return resets.filter { $0.value != .ofApplication }
    }
}
