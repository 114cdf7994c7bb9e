import Millrace
import MillraceConnect
import MillraceEngine

/// The topics of a worker's own: the positions of sources, and the states that were asked for.
struct ConnectTopics {
    /// The number of partitions of the positions, as it is on the broker. A task belongs to one of them, by the hash of its name.
    private(set) var positionsCount: Int32 = 0

    /// As many as Kafka Connect's `offset.storage.partitions`.
    private static let newPositionsCount: Int32 = 25

    /// Makes the topics that do not exist, and checks those that do.
    ///
    /// - Throws: `PortError`; `StreamsError` with code `.topic` if a topic is not as it has to be.
    init(_ configuration: ConnectConfiguration, _ admin: any AdminPort) throws {
        let positions = configuration.names.positionsTopic
        let states = configuration.names.statesTopic
        let wanted = [(positions, Self.newPositionsCount), (states, 1)].map { name, partitions in
            NewTopic(
                name: name, partitions: partitions, replicationFactor: configuration.replicationFactor,
                configuration: ["cleanup.policy": "compact"])
        }
        let existing = try admin.partitionCounts(of: [positions, states])
        let missing = wanted.filter { existing[$0.name] == nil }
        if !missing.isEmpty { try admin.createTopics(missing) }
        let counts = try admin.partitionCounts(of: [positions, states])
        let settings = try admin.configurations(of: [positions, states])
        var problems: [String] = []
        for name in [positions, states] {
            if counts[name] == nil { problems.append("the topic \(name) was made but is not there yet") }
            guard let policy = settings[name]?["cleanup.policy"], policy != "compact" else { continue }
            problems.append(
                "the topic \(name) has cleanup.policy=\(policy), which deletes what is still needed: set it to compact")
        }
        if let count = counts[states], count != 1 {
            problems.append("the topic \(states) has \(count) partitions, but it needs exactly 1 to keep its order")
        }
        guard problems.isEmpty else { throw StreamsError(.topic, problems.joined(separator: "; ")) }
        positionsCount = counts[positions] ?? 0
    }

    /// Returns the partition of the positions to which a task belongs.
    func partition(of task: SourceTaskID) -> Int32 {
        Array(task.description.utf8).withUnsafeBytes { KafkaPartitioner.partition(for: $0, count: positionsCount) }
    }
}
