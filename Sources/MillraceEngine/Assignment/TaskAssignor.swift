package import Millrace

/// Who runs which task: a pure function of the tasks and the group's members, which every member computes for itself.
///
/// Rendezvous hashing with a bound on the load: each task has its own ranking of the members and goes to the first with
/// room, so that a member who comes or goes moves few tasks beside his own. Partitions of one number in co-partitioned
/// topics belong to one task and so always land together.
package enum TaskAssignor {
    /// The tasks of each member, by member id.
    package static func assign(_ tasks: [TaskID], to members: [GroupMember]) -> [String: [TaskID]] {
        guard !members.isEmpty else { return [:] }
        let members = members.sorted { ($0.clientID, $0.memberID) < ($1.clientID, $1.memberID) }
        let bound = (tasks.count + members.count - 1) / members.count
        var result = Dictionary(members.map { ($0.memberID, [TaskID]()) }, uniquingKeysWith: { first, _ in first })
        var perSubtopology: [String: [Int: Int]] = [:]
        let taskCounts = Dictionary(grouping: tasks, by: \.subtopology).mapValues(\.count)
        for task in tasks.sorted() {
            let share = (taskCounts[task.subtopology, default: 0] + members.count - 1) / members.count
            let ranked = members.sorted { score($0, task) > score($1, task) }
            let open = ranked.filter { result[$0.memberID, default: []].count < bound }
            let even = open.first { perSubtopology[$0.memberID]?[task.subtopology] ?? 0 < share }
            guard let chosen = even ?? open.first else { continue }
            result[chosen.memberID, default: []].append(task)
            perSubtopology[chosen.memberID, default: [:]][task.subtopology, default: 0] += 1
        }
        return result
    }

    /// The tasks all of whose partitions the coordinator's assignor gave to one member: what remains where the broker
    /// cannot tell who the other members are.
    package static func tasks(coveredBy partitions: [TopicPartition], in plan: TopicPlan) throws -> [TaskID] {
        let own = Set(partitions)
        var covered: [TaskID] = []
        for (task, inputs) in plan.inputs {
            let count = inputs.count { own.contains($0) }
            if count == inputs.count { covered.append(task) }
            if count > 0, count < inputs.count {
                throw StreamsError(
                    .broker,
                    "the broker cannot describe consumer groups, and its own assignment tears task \(task) apart; "
                        + "run a single instance with one thread, or use a broker that answers DescribeGroups",
                    task: task.description)
            }
        }
        return covered.sorted()
    }

    /// A number that depends on a member and a task alone, the same in every process (FNV-1a, then mixed).
    private static func score(_ member: GroupMember, _ task: TaskID) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(member.clientID)/\(task)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        return hash ^ (hash >> 33)
    }
}
