package import Millrace

/// The internal topics that a topology needs, their partition counts, and the tasks that follow from them.
///
/// The plan is a pure function of the topology and the partition counts of the user's topics. Kafka: `RepartitionTopics`,
/// `ChangelogTopics`, `PartitionGrouper`.
package struct TopicPlan: Sendable {
    /// The topics that patterns of sources match, with their partition counts.
    package let matchedTopics: [String: Int32]
    /// All of the user's topics that tasks read, by name or by pattern, with their partition counts.
    package let sourceTopics: [String: Int32]
    /// The topology's internal topics, to be created or checked.
    package let internalTopics: [NewTopic]
    /// The partitions that each task reads.
    package let inputs: [TaskID: [TopicPartition]]
    /// The partitions of the global tables' topics, which every instance reads.
    package let globalPartitions: [TopicPartition]
    /// The repartition topics, whose records are deleted once they are committed.
    package let repartitionTopics: Set<String>
    /// The partition counts of the repartition topics. Their writers keep to these: nobody reads other partitions.
    package var repartitionCounts: [String: Int32] {
        internalTopics.reduce(into: [:]) { counts, topic in
            if repartitionTopics.contains(topic.name) { counts[topic.name] = topic.partitions }
        }
    }
    /// The reset policies of topics without valid offsets. Topics that are left to the application's configuration are missing.
    package let offsetResets: [String: AutoOffsetReset]

    package var tasks: [TaskID] { inputs.keys.sorted() }

    /// The topics that the application subscribes to.
    package var subscription: [String] { Set(inputs.values.joined().map(\.topic)).sorted() }

    /// - Parameters:
    ///   - partitionCounts: the partition counts of the user's topics; those that do not exist are missing.
    ///   - matched: the topics that patterns of sources match; by default those that have a count.
    /// - Throws: `StreamsError` with code `.topic` that names every missing topic with its readers, or all topics that are joined
    ///   but differ in their partition counts.
    package init(
        _ topology: Topology, applicationID: String, partitionCounts: [String: Int32], matched: [String]? = nil,
        replicationFactor: Int16
    ) throws {
        var counts = partitionCounts
        let matched = matched ?? topology.topics(matchedIn: counts.keys, applicationID)
        matchedTopics = counts.filter { matched.contains($0.key) }
        let read = topology.taskTopics.union(matched)
        sourceTopics = counts.filter { read.contains($0.key) }
        try Self.checkSources(topology, counts: counts, matched: matched)
        let groups = topology.copartitionGroups(matched: matched, applicationID)
        try Self.planRepartitions(
            topology, applicationID: applicationID, counts: &counts, matched: matched, groups: groups)
        try Copartitioning(topology, applicationID: applicationID).enforce(groups, counts: &counts)
        var inputs: [TaskID: [TopicPartition]] = [:]
        var topics = topology.repartitionTopics.map { repartition in
            let name = TopicName.internal(repartition.name).resolved(applicationID: applicationID)
            return NewTopic(
                name: name, partitions: counts[name] ?? 1, replicationFactor: replicationFactor,
                configuration: Self.repartitionConfiguration)
        }
        topics.removeAll { $0.partitions == 0 }
        repartitionTopics = Set(topics.map(\.name))
        for subtopology in topology.subtopologies where !subtopology.isGlobal {
            let named = subtopology.sourceTopics.map { $0.resolved(applicationID: applicationID) }
            let sources = named + topology.topics(matchedIn: matched, applicationID, by: subtopology)
            let taskCount = sources.compactMap { counts[$0] }.max() ?? 0
            for partition in 0..<taskCount {
                inputs[TaskID(subtopology: subtopology.id, partition: partition)] =
                    sources.filter { partition < counts[$0, default: 0] }.map {
                        TopicPartition(topic: $0, partition: partition)
                    }
            }
            // A sub-topology whose patterns match no topic yet has no tasks, and its topics are created with the first one.
            if taskCount == 0 { continue }
            topics += subtopology.stores.compactMap { store in
                guard case .internal = store.changelogTopic, let topic = store.changelogTopic else { return nil }
                return NewTopic(
                    name: topic.resolved(applicationID: applicationID), partitions: taskCount,
                    replicationFactor: replicationFactor,
                    configuration: store.changelogTopicConfiguration)
            }
        }
        self.inputs = inputs
        offsetResets = topology.offsetResets(of: inputs.values.joined().map(\.topic), applicationID: applicationID)
        globalPartitions = topology.subtopologies.filter(\.isGlobal).flatMap(\.sourceTopics).flatMap { source in
            let topic = source.resolved(applicationID: applicationID)
            return (0..<counts[topic, default: 0]).map { TopicPartition(topic: topic, partition: $0) }
        }
        internalTopics = topics
    }

    /// Kafka: `RepartitionTopicConfig`. Records stay until the application deletes those below the committed offset.
    private static let repartitionConfiguration = [
        "cleanup.policy": "delete", "retention.ms": "-1", "message.timestamp.type": "CreateTime",
    ]

    private static func checkSources(_ topology: Topology, counts: [String: Int32], matched: [String]) throws {
        var problems = topology.ambiguities(among: matched)
        for node in topology.nodes {
            guard case .source(let source) = node.kind else { continue }
            for case .external(let topic) in source.topics where counts[topic] == nil {
                problems.append("topic \(topic), which \(node.name) reads, does not exist: create it before starting")
            }
        }
        guard problems.isEmpty else { throw StreamsError(.topic, problems.joined(separator: "; ")) }
    }

    /// Plans the partition counts of repartition topics. Each has its configured count, or the highest one of all topics upstream:
    /// none while there are only patterns that match no topic. If the topics upstream form a cycle, as between the two sides of a
    /// foreign-key join, the topic has the count of the one that it is joined with.
    private static func planRepartitions(
        _ topology: Topology, applicationID: String, counts: inout [String: Int32], matched: [String],
        groups: [CopartitionGroup]
    ) throws {
        var open = topology.repartitionTopics
        while !open.isEmpty {
            let before = open.count
            open.removeAll { repartition in
                let topic = TopicName.internal(repartition.name)
                let count = repartition.partitions ?? upstreamCount(of: topic, topology, applicationID, counts, matched)
                guard let count else { return false }
                counts[topic.resolved(applicationID: applicationID)] = count
                return true
            }
            if open.count < before { continue }
            open.removeAll { repartition in
                let topic = TopicName.internal(repartition.name)
                guard let count = joinedCount(of: topic, groups, applicationID, counts) else { return false }
                counts[topic.resolved(applicationID: applicationID)] = count
                return true
            }
            guard open.count < before else {
                let names = open.map(\.name).joined(separator: ", ")
                throw StreamsError(
                    .topic, "the partition count of \(names) depends on itself; give repartition(partitions:) a number")
            }
        }
    }

    private static func upstreamCount(
        of topic: TopicName, _ topology: Topology, _ applicationID: String, _ counts: [String: Int32],
        _ matched: [String]
    ) -> Int32? {
        let writers = topology.subtopologies.filter { $0.sinkTopics.contains(topic) }
        let sources = writers.flatMap(\.sourceTopics).filter { $0 != topic }
        let matched = writers.flatMap { topology.topics(matchedIn: matched, applicationID, by: $0) }
        let known = (sources.map { $0.resolved(applicationID: applicationID) } + matched).map { counts[$0] }
        if known.isEmpty, writers.contains(where: { !$0.sourcePatterns.isEmpty }) { return 0 }
        return known.contains(nil) ? nil : known.compactMap { $0 }.max()
    }

    private static func joinedCount(
        of topic: TopicName, _ groups: [CopartitionGroup], _ applicationID: String, _ counts: [String: Int32]
    ) -> Int32? {
        let joined = groups.filter { $0.topics.contains(topic) }.flatMap(\.topics)
        return joined.compactMap { counts[$0.resolved(applicationID: applicationID)] }.max()
    }
}
