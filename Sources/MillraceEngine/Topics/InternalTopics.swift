package import Millrace

/// Creates the topics of a topology's own and checks those that exist.
package enum InternalTopics {
    /// Reads the partition counts of the user's topics, plans the application's own and makes sure of them.
    ///
    /// - Parameter matched: the topics that patterns of sources match, with their partition counts; by default those that exist.
    /// - Throws: `StreamsError` with code `.topic` where a source or a sink is missing or a topic of the application's own
    ///   has another partition count or cleanup policy than the topology needs; `PortError` where the broker fails.
    package static func prepare(
        _ topology: Topology, applicationID: String, replicationFactor: Int16, matched: [String: Int32]? = nil,
        admin: any AdminPort
    ) throws -> TopicPlan {
        let sinks = sinks(of: topology)
        let names =
            try matched?.keys.sorted() ?? matchedTopics(of: topology, applicationID: applicationID, admin: admin)
        var counts = try admin.partitionCounts(of: topology.sourceTopics + names + sinks.map(\.topic))
        if let matched { counts.merge(matched) { $1 } }
        let plan = try TopicPlan(
            topology, applicationID: applicationID, partitionCounts: counts, matched: names,
            replicationFactor: replicationFactor)
        try check(sinks, counts: counts)
        let own = plan.internalTopics.map(\.name)
        if own.isEmpty { return plan }
        let existing = try admin.partitionCounts(of: own)
        let missing = plan.internalTopics.filter { existing[$0.name] == nil }
        if !missing.isEmpty { try admin.createTopics(missing) }
        // What another instance created at the same moment is checked like everything else.
        try check(plan, counts: admin.partitionCounts(of: own), configurations: admin.configurations(of: own))
        return plan
    }

    /// The topics that exist and that patterns of sources match.
    static func matchedTopics(of topology: Topology, applicationID: String, admin: any AdminPort) throws -> [String] {
        topology.hasSourcePatterns ? topology.topics(matchedIn: try admin.topicNames(), applicationID) : []
    }

    private static func sinks(of topology: Topology) -> [(topic: String, node: String)] {
        topology.nodes.compactMap { node in
            guard case .sink(let sink) = node.kind, case .external(let topic)? = sink.topic else { return nil }
            return (topic, node.name)
        }
    }

    /// Where a sink's topic is missing, every transaction would fail only after its delivery timeout.
    private static func check(_ sinks: [(topic: String, node: String)], counts: [String: Int32]) throws {
        let problems = sinks.filter { counts[$0.topic] == nil }.map { sink in
            "topic \(sink.topic), which \(sink.node) writes to, does not exist: create it before starting"
        }
        guard problems.isEmpty else { throw StreamsError(.topic, problems.joined(separator: "; ")) }
    }

    private static func check(
        _ plan: TopicPlan, counts: [String: Int32], configurations: [String: [String: String]]
    ) throws {
        var problems: [String] = []
        for topic in plan.internalTopics {
            guard let count = counts[topic.name] else {
                problems.append("topic \(topic.name) was created but cannot be found")
                continue
            }
            if count != topic.partitions {
                problems.append(
                    "topic \(topic.name) has \(count) partitions, but the topology needs \(topic.partitions): "
                        + "use another application id, or reset the application")
            }
            let wanted = topic.configuration["cleanup.policy"]
            if let policy = configurations[topic.name]?["cleanup.policy"], let wanted,
                policies(policy) != policies(wanted)
            {
                problems.append("topic \(topic.name) has cleanup.policy=\(policy), but needs \(wanted)")
            }
        }
        guard problems.isEmpty else { throw StreamsError(.topic, problems.joined(separator: "; ")) }
    }

    private static func policies(_ text: String) -> Set<Substring> {
        Set(text.split(whereSeparator: { $0 == "," || $0 == " " }))
    }
}
