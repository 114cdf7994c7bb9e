package import KafkaClient
package import Millrace
import MillraceEngine

/// The owners of an application's tasks, as its workers compute them.
///
/// The partitions that Kafka assigns to the members of the group say nothing of them: every worker distributes the tasks anew, from the
/// members alone.
package struct TaskOwners: Sendable {
    private let owners: [TaskID: ConsumerGroupDescription.Member]

    /// No owners.
    package init() { owners = [:] }

    /// - Parameters:
    ///   - partitionCounts: the partition counts of the topics that the topology reads.
    ///   - members: the members of the group, which is stable.
    /// - Throws: `StreamsError` with code `.topic` if a topic is missing, or topics that are joined differ in their partition counts.
    package init(
        _ topology: Topology, applicationID: String, partitionCounts: [String: Int32],
        members: [ConsumerGroupDescription.Member]
    ) throws {
        let plan = try TopicPlan(
            topology, applicationID: applicationID, partitionCounts: partitionCounts, replicationFactor: 1)
        let onlooker = WorkerIdentity(name: "\(applicationID)-onlooker", topology: topology, startedMs: .max)
        let workers = GroupMembers(
            members.map { GroupMember(memberID: $0.memberID, clientID: $0.clientID) }, applicationID: applicationID,
            local: onlooker
        ).workers
        var owners: [TaskID: ConsumerGroupDescription.Member] = [:]
        for (id, tasks) in TaskAssignor(plan.tasks, workers).active() {
            guard let member = members.first(where: { $0.memberID == id }) else { continue }
            for task in tasks { owners[task] = member }
        }
        self.owners = owners
    }

    /// Returns the address of the instance that has a task, or its client and host if it was given none; `nil` if nobody has it.
    package func owner(ofSubtopology subtopology: Int, partition: Int32) -> String? {
        owners[TaskID(subtopology: subtopology, partition: partition)].map { member in
            let worker = GroupMember(memberID: member.memberID, clientID: member.clientID)
            return worker.address?.description ?? "\(member.clientID) at \(member.host)"
        }
    }
}
