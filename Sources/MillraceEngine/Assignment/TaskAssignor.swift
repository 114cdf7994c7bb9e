package import Millrace

/// Who runs which task: a pure function of the tasks and the group's members, which every member computes for itself.
///
/// Rendezvous hashing with a bound on the load. Each task likes each member to a degree that depends on the two alone, and
/// the pairs are served from the best on, as long as the member has room: so a member who comes or goes moves few tasks
/// beside his own. No two members differ by more than one task, of each sub-topology as well as in all. Partitions of one
/// number in co-partitioned topics belong to one task and so always land together.
package enum TaskAssignor {
    /// The tasks of each member, by member id.
    package static func assign(_ tasks: [TaskID], to members: [GroupMember]) -> [String: [TaskID]] {
        let members = members.sorted { ($0.name, $0.memberID) < ($1.name, $1.memberID) }
        var assigned = members.map { _ in [TaskID]() }
        if members.isEmpty { return [:] }
        for (_, group) in Dictionary(grouping: tasks, by: \.subtopology).sorted(by: { $0.key < $1.key }) {
            var room = Room(for: group.count, loads: assigned.map(\.count))
            var open = Set(group)
            for pair in pairs(of: group, and: members) where open.contains(pair.task) {
                guard room.take(pair.member) else { continue }
                assigned[pair.member].append(pair.task)
                open.remove(pair.task)
            }
        }
        return Dictionary(
            zip(members, assigned).map { ($0.memberID, $1.sorted()) }, uniquingKeysWith: { first, _ in first })
    }

    /// How many tasks of one sub-topology each member may still take: an even share, and one more for as many as it takes,
    /// those first who have fewer tasks of other sub-topologies.
    private struct Room {
        private var shares: [Int]
        private let mayTakeMore: [Bool]
        private var more: Int

        init(for count: Int, loads: [Int]) {
            let (share, rest) = count.quotientAndRemainder(dividingBy: loads.count)
            let least = loads.map { $0 == loads.min() }
            let leastCount = least.count { $0 }
            if leastCount > rest {
                shares = loads.map { _ in share }
                mayTakeMore = least
                more = rest
            } else {
                shares = least.map { $0 ? share + 1 : share }
                mayTakeMore = least.map { !$0 }
                more = rest - leastCount
            }
        }

        mutating func take(_ member: Int) -> Bool {
            if shares[member] > 0 {
                shares[member] -= 1
                return true
            }
            guard shares[member] == 0, mayTakeMore[member], more > 0 else { return false }
            shares[member] -= 1
            more -= 1
            return true
        }
    }

    private struct Pair {
        let task: TaskID
        let member: Int
        let score: UInt64
    }

    /// All tasks with all members, those that like each other best first.
    private static func pairs(of tasks: [TaskID], and members: [GroupMember]) -> [Pair] {
        let pairs = tasks.flatMap { task in
            members.enumerated().map { Pair(task: task, member: $0, score: score($1, task)) }
        }
        return pairs.sorted { ($0.score, $0.task, $0.member) > ($1.score, $1.task, $1.member) }
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
        for byte in "\(member.name)/\(task)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        return hash ^ (hash >> 33)
    }
}
