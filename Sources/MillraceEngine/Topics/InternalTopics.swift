package import Millrace

/// Creates the internal topics of a topology and checks those that exist.
package enum InternalTopics {
    /// Reads the partition counts of the user's topics, plans the internal ones, and creates or checks them.
    ///
    /// - Parameters:
    ///   - sources: the partition counts of the topics that tasks read, as the group sees them; by default as the broker reports
    ///     them now.
    ///   - deadLetterTopics: the dead-letter topics of the error handlers.
    /// - Throws: `StreamsError` with code `.topic` if a topic that is read or written is missing, or an internal topic has another
    ///   partition count or cleanup policy than the topology needs; `PortError` if the broker fails.
    package static func prepare(
        _ topology: Topology, applicationID: String, replicationFactor: Int16, sources: [String: Int32]? = nil,
        deadLetterTopics: [String] = [], admin: any AdminPort
    ) throws -> TopicPlan {
        let outputs = outputs(of: topology, deadLetterTopics: deadLetterTopics)
        let names =
            try sources.map { topology.topics(matchedIn: $0.keys, applicationID) }
            ?? matchedTopics(of: topology, applicationID: applicationID, admin: admin)
        var counts = try admin.partitionCounts(of: topology.sourceTopics + names + outputs.map(\.topic))
        if let sources { counts.merge(sources) { $1 } }
        let plan = try TopicPlan(
            topology, applicationID: applicationID, partitionCounts: counts, matched: names,
            replicationFactor: replicationFactor)
        try check(outputs, counts: counts)
        let internalNames = plan.internalTopics.map(\.name)
        if internalNames.isEmpty { return plan }
        let existing = try admin.partitionCounts(of: internalNames)
        let missing = plan.internalTopics.filter { existing[$0.name] == nil }
        if !missing.isEmpty { try admin.createTopics(missing) }
        // Topics that another instance created at the same moment are checked like all others.
        try check(
            plan, counts: admin.partitionCounts(of: internalNames),
            configurations: admin.configurations(of: internalNames))
        return plan
    }

    /// Returns the topics that sources name and that do not exist.
    package static func missingSources(of topology: Topology, admin: any AdminPort) throws(PortError) -> [String] {
        let named = Set(topology.sourceTopics).sorted()
        let counts = try admin.partitionCounts(of: named)
        return named.filter { counts[$0] == nil }
    }

    /// Returns the topics that exist and match patterns of sources.
    static func matchedTopics(of topology: Topology, applicationID: String, admin: any AdminPort) throws -> [String] {
        topology.hasSourcePatterns ? topology.topics(matchedIn: try admin.topicNames(), applicationID) : []
    }

    /// Returns the user's topics that are written to, as far as they are known before the first record, each with its writer.
    private static func outputs(of topology: Topology, deadLetterTopics: [String]) -> [(topic: String, writer: String)]
    {
        var outputs: [(topic: String, writer: String)] = []
        for node in topology.nodes {
            guard case .sink(let sink) = node.kind, case .external(let topic)? = sink.topic else { continue }
            outputs.append((topic, "\(node.name) writes to"))
        }
        for late in topology.lateTopics { outputs.append((late.topic, "the late records of \(late.store) go to")) }
        for topic in deadLetterTopics { outputs.append((topic, "records that cannot be processed go to")) }
        return outputs
    }

    /// Checks output topics: if one is missing, every transaction would fail only after its delivery timeout.
    private static func check(_ outputs: [(topic: String, writer: String)], counts: [String: Int32]) throws {
        let problems = outputs.filter { counts[$0.topic] == nil }.map { output in
            "topic \(output.topic), which \(output.writer), does not exist: create it before starting"
        }
        guard problems.isEmpty else { throw StreamsError(.topic, problems.joined(separator: "; ")) }
    }

    private static func check(
        _ plan: TopicPlan, counts: [String: Int32], configurations: [String: [String: String]]
    ) throws {
        var problems = countProblems(of: plan, counts: counts)
        for topic in plan.internalTopics {
            let wanted = topic.configuration["cleanup.policy"]
            if let policy = configurations[topic.name]?["cleanup.policy"], let wanted,
                policies(policy) != policies(wanted)
            {
                problems.append("topic \(topic.name) has cleanup.policy=\(policy), but needs \(wanted)")
            }
        }
        guard problems.isEmpty else { throw StreamsError(.topic, problems.joined(separator: "; ")) }
    }

    /// Returns a sentence for each internal topic that is gone, or has another partition count than its tasks need.
    static func countProblems(of plan: TopicPlan, counts: [String: Int32]) -> [String] {
        plan.internalTopics.compactMap { topic in
            guard let count = counts[topic.name] else {
                return "topic \(topic.name) was created but cannot be found"
            }
            guard count != topic.partitions else { return nil }
            return "topic \(topic.name) has \(count) partitions, but the topology needs \(topic.partitions): "
                + "use another application id, or reset the application"
        }
    }

    private static func policies(_ text: String) -> Set<Substring> {
        Set(text.split(whereSeparator: { $0 == "," || $0 == " " }))
    }
}
