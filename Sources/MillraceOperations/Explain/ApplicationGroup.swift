import KafkaClient
import Millrace
import MillraceRuntime

/// The group of an application as it stands now: what it has committed, and who has which task.
struct ApplicationGroup {
    let offsets: [TopicPartition: CommittedOffset]
    /// The reason why the owners are not known; nil if they are.
    let problem: String?
    private let owners: TaskOwners?

    /// - Parameter counts: the partition counts of the topics that the topology reads.
    /// - Throws: `.denied`, `.unreachable`.
    init(
        _ topology: Topology, applicationID id: String, counts: [String: Int32], _ admin: KafkaAdmin,
        _ connection: ClusterConnection
    ) throws(OperationError) {
        offsets = try connection.kafka("reading the offsets of group \(id)") { () throws(KafkaError) in
            try admin.listConsumerGroupOffsets(id, timeoutMs: connection.timeoutMs)
        }
        do {
            owners = try Self.owners(topology, id, counts, admin, connection)
            problem = owners == nil ? "the owners of tasks are not known: the group is rebalancing" : nil
        } catch {
            let reason = (error as? KafkaError)?.message ?? "\(error)"
            (owners, problem) = (nil, "the owners of tasks are not known: \(reason)")
        }
    }

    /// Returns the owners; nil while the group is rebalancing.
    private static func owners(
        _ topology: Topology, _ id: String, _ counts: [String: Int32], _ admin: KafkaAdmin,
        _ connection: ClusterConnection
    ) throws -> TaskOwners? {
        guard let group = try admin.describeConsumerGroups([id], timeoutMs: connection.timeoutMs)[id]?.get(),
            group.state != .empty, group.state != .dead
        else { return TaskOwners() }
        guard group.state == .stable else { return nil }
        return try TaskOwners(topology, applicationID: id, partitionCounts: counts, members: group.members)
    }

    /// Returns the address of the instance that has a task, or its client if it has none; nil if nobody has it.
    func owner(of subtopology: Topology.Subtopology, partition: Int32) -> String? {
        subtopology.isGlobal ? nil : owners?.owner(ofSubtopology: subtopology.id, partition: partition)
    }
}
