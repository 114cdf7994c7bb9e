package import Millrace

/// The topics that sources read, with their patterns applied to the topics that exist.
extension Topology {
    /// The user's topics that tasks read by name.
    var taskTopics: Set<String> {
        Set(
            subtopologies.filter { !$0.isGlobal }.flatMap(\.sourceTopics).compactMap { topic in
                if case .external(let name) = topic { name } else { nil }
            })
    }

    /// Returns the topics among some that patterns of sources match, of all sub-topologies or of one. Topics that a source reads by
    /// name and internal topics are excluded.
    package func topics(
        matchedIn names: some Sequence<String>, _ applicationID: String, by subtopology: Subtopology? = nil
    )
        -> [String]
    {
        topics(
            among: names, matching: (subtopology.map { [$0] } ?? subtopologies).flatMap(\.sourcePatterns), applicationID
        )
    }

    /// Returns the topics among some that are read because they match one of these patterns.
    func topics(among names: some Sequence<String>, matching patterns: [TopicPattern], _ applicationID: String)
        -> [String]
    {
        if patterns.isEmpty { return [] }
        let read = Set(subtopologies.flatMap(\.sourceTopics).map { $0.resolved(applicationID: applicationID) })
        let internalNames = internalTopics(applicationID)
        return names.sorted().filter { name in
            !read.contains(name) && !internalNames.contains(name) && patterns.contains { $0.matches(name) }
        }
    }

    /// Returns the names of the topology's internal topics.
    package func internalTopics(_ applicationID: String) -> Set<String> {
        let changelogs = subtopologies.flatMap(\.stores).compactMap(\.changelogTopic)
        let repartitions = repartitionTopics.map { TopicName.internal($0.name) }
        return Set(
            (changelogs + repartitions).compactMap { topic in
                if case .internal = topic { topic.resolved(applicationID: applicationID) } else { nil }
            })
    }

    /// Returns the groups of topics that are joined, with patterns replaced by the topics that they match.
    func copartitionGroups(matched: [String], _ applicationID: String) -> [CopartitionGroup] {
        copartitionGroups.map { group in
            let topics = topics(among: matched, matching: group.patterns, applicationID).map(TopicName.external)
            var resolved = group
            resolved.topics += topics
            return resolved
        }
    }

    /// Returns a sentence for each topic that more than one source would read.
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

    /// Returns the reset policies of the topics whose sources have one. Topics that the application itself writes are read in full.
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
