import Millrace

/// Makes topics that are joined have the same number of partitions. Kafka: `CopartitionedTopicsEnforcer`.
///
/// The user's topics have to agree among themselves. Internal topics take over their number; if there are no user's topics, the
/// highest of the internal ones. A repartitioning with a configured number keeps it, and has to agree with the others.
struct Copartitioning {
    private let applicationID: String
    /// The configured partition counts of repartitionings, by the topics' full names.
    private let given: [String: Int32]

    init(_ topology: Topology, applicationID: String) {
        self.applicationID = applicationID
        given = topology.repartitionTopics.reduce(into: [:]) { given, topic in
            given[TopicName.internal(topic.name).resolved(applicationID: applicationID)] = topic.partitions
        }
    }

    /// Changes the partition counts of internal topics.
    ///
    /// - Throws: `StreamsError` with code `.topic`. For each group whose topics disagree it names all of them with their counts,
    ///   and the operators that join them.
    func enforce(_ groups: [CopartitionGroup], counts: inout [String: Int32]) throws {
        var problems: [String] = []
        for group in groups {
            let names = group.topics.map { $0.resolved(applicationID: applicationID) }
            let fixed = Set(
                zip(group.topics, names).compactMap { topic, name in isFixed(topic, name) ? counts[name] : nil })
            guard fixed.count <= 1 else {
                problems.append(problem(of: group, names: names, counts: counts))
                continue
            }
            guard let count = fixed.first ?? names.compactMap({ counts[$0] }).max() else { continue }
            for case .internal(let name) in group.topics {
                counts[TopicName.internal(name).resolved(applicationID: applicationID)] = count
            }
        }
        guard problems.isEmpty else { throw StreamsError(.topic, problems.joined(separator: "; ")) }
    }

    private func isFixed(_ topic: TopicName, _ name: String) -> Bool {
        if case .external = topic { true } else { given[name] != nil }
    }

    private func problem(of group: CopartitionGroup, names: [String], counts: [String: Int32]) -> String {
        let topics = names.compactMap { name in
            counts[name].map { count in "\(name) (\(count) \(count == 1 ? "partition" : "partitions"))" }
        }
        return "topics \(topics.joined(separator: " and ")) are joined by \(group.joins.joined(separator: ", ")) "
            + "and need the same number of partitions: create them anew with the same number, or send one through "
            + "repartition(partitions:) with the number of the other"
    }
}
