extension Topology {
    /// The problems with all names from which those of topics, directories or metrics are made, each in a sentence.
    ///
    /// - Parameter added: the names of the stores that the user has added by hand, connected or not.
    func nameProblems(ofStores added: some Sequence<String>) -> [String] {
        var problems: [String] = []
        func check(_ name: String, _ kind: String, of owner: String) {
            guard let problem = KafkaName.problem(of: name) else { return }
            problems.append(
                name.isEmpty
                    ? "\(owner): a \(kind)'s name is empty"
                    : "\(owner): the \(kind) name \(KafkaName.quoted(name)) \(problem)")
        }
        for node in nodes {
            check(node.name, "operator", of: "an operator")
            switch node.kind {
            case .source(let source): for topic in source.topics { check(topic.name, "topic", of: node.name) }
            case .sink(let sink): if let topic = sink.topic { check(topic.name, "topic", of: node.name) }
            case .processor: break
            }
        }
        for topic in repartitionTopics { check(topic.givenName, "repartitioning", of: "a repartitioning") }
        let stores = subtopologies.flatMap(\.stores)
        for name in Set(stores.map(\.name)).union(added).sorted() { check(name, "store", of: "a store") }
        for late in lateTopics { check(late.topic, "topic", of: "the late records of \(late.store)") }
        // The shortest application id has one character.
        return problems + self.problems(applicationID: "a")
    }

    /// The problems with the topology under an application's id: internal topics whose names become too long, each in a
    /// sentence.
    ///
    /// All other problems are known when the topology is built.
    package func problems(applicationID: String) -> [String] {
        internalTopics.compactMap { topic, owner in
            let name = topic.resolved(applicationID: applicationID)
            return KafkaName.lengthProblem(of: name).map { problem in
                "\(owner): the topic name \(KafkaName.quoted(name)) \(problem); shorten the application id or the name of \(owner)"
            }
        }
    }

    /// The topics whose names contain the application's id, with what needs them.
    private var internalTopics: [(topic: TopicName, owner: String)] {
        repartitionTopics.map { (.internal($0.name), "the repartitioning \($0.name)") }
            + subtopologies.flatMap(\.stores).compactMap { store in
                guard let topic = store.changelogTopic, case .internal = topic else { return nil }
                return (topic, "the store \(store.name)")
            }
    }

    /// The topics other than those of sinks to which the topology writes: those of late records, with the stores that name
    /// them.
    package var lateTopics: [(topic: String, store: String)] {
        subtopologies.flatMap(\.stores).compactMap { store in store.lateTopic.map { ($0, store.name) } }
    }
}

extension RepartitionTopic {
    /// The name without Kafka's suffix, as the user may have given it.
    fileprivate var givenName: String {
        let suffix = "-repartition"
        return name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
    }
}
