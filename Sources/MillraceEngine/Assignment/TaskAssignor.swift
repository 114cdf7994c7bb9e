package import Millrace

/// The assignment of tasks to members: a pure function of the tasks and the group's members, which every member computes for
/// itself.
///
/// It is rendezvous hashing with a bound on the load. Each pair of a task and a member has a score that depends on the two alone,
/// and the pairs are taken in descending order of score, as long as the member has room. So a member that comes or goes moves few
/// tasks besides its own. No two members differ by more than one task, for each sub-topology as well as in total. Partitions of the
/// same number in co-partitioned topics belong to one task and so are always assigned together.
package struct TaskAssignor {
    /// The members in an order that does not depend on that of their arrival.
    private let members: [GroupMember]
    /// All tasks of each sub-topology, paired with all members; the pairs with the highest score come first.
    private let groups: [(tasks: Set<TaskID>, pairs: [Pair])]

    private struct Pair {
        let task: TaskID
        let member: Int
        let score: UInt64
    }

    package init(_ tasks: [TaskID], _ members: [GroupMember]) {
        let members = members.sorted { ($0.name, $0.memberID) < ($1.name, $1.memberID) }
        self.members = members
        groups = Dictionary(grouping: tasks, by: \.subtopology).sorted { $0.key < $1.key }.map { _, tasks in
            let pairs = tasks.flatMap { task in
                members.enumerated().map { Pair(task: task, member: $0, score: Self.score($1, task)) }
            }
            return (
                Set(tasks), pairs.sorted { ($0.score, $0.task, $0.member) > ($1.score, $1.task, $1.member) }
            )
        }
    }

    // MARK: Active tasks

    /// Returns the tasks of each member, by member id.
    package static func assign(_ tasks: [TaskID], to members: [GroupMember]) -> [String: [TaskID]] {
        TaskAssignor(tasks, members).active()
    }

    /// Returns the active tasks of each member, by member id.
    package func active() -> [String: [TaskID]] { byMember(owners(without: [])) }

    /// Returns the member of each task if some instances were absent; none if there are no others.
    private func owners(without absent: Set<Substring>) -> [TaskID: Int] {
        let isThere = members.map { !absent.contains($0.instance) }
        var loads = Array(repeating: 0, count: members.count)
        var owners: [TaskID: Int] = [:]
        guard isThere.contains(true) else { return [:] }
        for (tasks, pairs) in groups {
            var room = Room(for: tasks.count, loads: loads, isThere: isThere)
            var open = tasks.count
            for pair in pairs where owners[pair.task] == nil {
                guard room.take(pair.member) else { continue }
                owners[pair.task] = pair.member
                loads[pair.member] += 1
                open -= 1
                if open == 0 { break }
            }
        }
        return owners
    }

    private func byMember(_ owners: [TaskID: Int]) -> [String: [TaskID]] {
        var tasks = Dictionary(members.map { ($0.memberID, [TaskID]()) }, uniquingKeysWith: { first, _ in first })
        for (task, member) in owners { tasks[members[member].memberID]?.append(task) }
        return tasks.mapValues { $0.sorted() }
    }

    /// The number of tasks of one sub-topology that each member may still take. It is an even share; as many members as necessary
    /// take one more, first those with fewer tasks of other sub-topologies.
    private struct Room {
        private var shares: [Int]
        private let mayTakeMore: [Bool]
        private var more: Int

        init(for count: Int, loads: [Int], isThere: [Bool]) {
            let (share, rest) = count.quotientAndRemainder(dividingBy: isThere.count { $0 })
            let lowest = zip(loads, isThere).compactMap { $1 ? $0 : nil }.min()
            let least = zip(loads, isThere).map { $1 && $0 == lowest }
            let leastCount = least.count { $0 }
            if leastCount > rest {
                shares = isThere.map { $0 ? share : 0 }
                mayTakeMore = least
                more = rest
            } else {
                shares = zip(least, isThere).map { $1 ? $0 ? share + 1 : share : 0 }
                mayTakeMore = zip(least, isThere).map { $1 && !$0 }
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

    // MARK: Standbys

    /// Returns the members that keep standbys of tasks, by task. Each is on a different instance, which is not that of the active
    /// task.
    ///
    /// A task's first standby is where the task would go if its instance failed, the second where it would go if both failed, and
    /// so on: so a member that takes over a task from a failed instance has its stores already. There are fewer standbys than asked
    /// for if there are too few other instances.
    package func standbys(of tasks: [TaskID], replicas: Int) -> [TaskID: [GroupMember]] {
        if replicas < 1 { return [:] }
        var known: [Set<Substring>: [TaskID: Int]] = [:]
        var standbys: [TaskID: [GroupMember]] = [:]
        for task in tasks {
            var absent: Set<Substring> = []
            for replica in 0...replicas {
                let owners = known[absent] ?? owners(without: absent)
                known[absent] = owners
                guard let owner = owners[task] else { break }
                if replica > 0 { standbys[task, default: []].append(members[owner]) }
                absent.insert(members[owner].instance)
            }
        }
        return standbys
    }

    // MARK: The coordinator's own assignment

    /// Returns the tasks whose partitions the coordinator's assignor all gave to one member. It is the fallback if the broker
    /// cannot tell the other members.
    package static func tasks(coveredBy partitions: [TopicPartition], in plan: TopicPlan) throws -> [TaskID] {
        let partitionSet = Set(partitions)
        var covered: [TaskID] = []
        for (task, inputs) in plan.inputs {
            let count = inputs.count { partitionSet.contains($0) }
            if count == inputs.count { covered.append(task) }
            if count > 0, count < inputs.count {
                throw StreamsError(
                    .broker,
                    "the broker cannot describe consumer groups, and its own assignment splits task \(task) between members; "
                        + "run a single instance with one thread, or use a broker that answers DescribeGroups",
                    task: task.description)
            }
        }
        return covered.sorted()
    }

    /// Returns a number that depends on a member and a task alone, the same in every process (FNV-1a, then mixed).
    private static func score(_ member: GroupMember, _ task: TaskID) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(member.name)/\(task)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        return hash ^ (hash >> 33)
    }
}
