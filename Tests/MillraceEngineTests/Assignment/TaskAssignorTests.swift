import Millrace
import MillraceEngine
import TestSupport
import Testing

@Suite("TaskAssignor")
struct TaskAssignorTests {
    /// A random set of tasks and members from a seed.
    private struct Case {
        var tasks: [TaskID] = []
        var members: [GroupMember] = []
        var random: SeededNumbers

        init(seed: UInt64) {
            random = SeededNumbers(seed: seed)
            for subtopology in 0..<Int.random(in: 1...4, using: &random) {
                for partition in 0..<Int32.random(in: 1...32, using: &random) {
                    tasks.append(TaskID(subtopology: subtopology, partition: partition))
                }
            }
            for number in 0..<Int.random(in: 1...12, using: &random) { members.append(member(number)) }
        }

        func member(_ number: Int) -> GroupMember {
            GroupMember(
                memberID: "member-\(number)-\(number &* 7919 % 101)", clientID: "app-instance-\(number)-worker-0")
        }
    }

    private func owners(_ assignment: [String: [TaskID]]) -> [TaskID: String] {
        var owners: [TaskID: String] = [:]
        for (member, tasks) in assignment { for task in tasks { owners[task] = member } }
        return owners
    }

    @Test(
        "every task goes to exactly one member, and members differ by at most one task, per sub-topology and in total",
        arguments: 0..<200 as Range<UInt64>)
    func balanced(seed: UInt64) {
        let given = Case(seed: seed)
        let assignment = TaskAssignor.assign(given.tasks, to: given.members)
        #expect(assignment.values.joined().sorted() == given.tasks.sorted())
        #expect(Set(assignment.keys) == Set(given.members.map(\.memberID)))
        #expect(spread(assignment.values.map(\.count)) <= 1)
        for subtopology in Set(given.tasks.map(\.subtopology)) {
            #expect(spread(assignment.values.map { own in own.count { $0.subtopology == subtopology } }) <= 1)
        }
    }

    private func spread(_ counts: [Int]) -> Int { (counts.max() ?? 0) - (counts.min() ?? 0) }

    @Test("the order of tasks and members does not matter", arguments: 0..<50 as Range<UInt64>)
    func deterministic(seed: UInt64) {
        var given = Case(seed: seed)
        let assignment = TaskAssignor.assign(given.tasks, to: given.members)
        given.members.shuffle(using: &given.random)
        given.tasks.shuffle(using: &given.random)
        #expect(
            TaskAssignor.assign(given.tasks, to: given.members).mapValues(Set.init) == assignment.mapValues(Set.init))
    }

    @Test("a member's id, which changes with every start, does not matter, only its client id")
    func memberIDs() {
        let given = Case(seed: 1)
        let renamed = given.members.map { GroupMember(memberID: "new-" + $0.memberID, clientID: $0.clientID) }
        let before = TaskAssignor.assign(given.tasks, to: given.members)
        let after = TaskAssignor.assign(given.tasks, to: renamed)
        for member in given.members { #expect(after["new-" + member.memberID] == before[member.memberID]) }
    }

    /// The share of all tasks that change their owner without having to.
    private func excessMoves(_ given: Case, before: [GroupMember], after: [GroupMember]) -> Double {
        let old = owners(TaskAssignor.assign(given.tasks, to: before))
        let new = owners(TaskAssignor.assign(given.tasks, to: after))
        let moved = given.tasks.count { old[$0] != new[$0] }
        let larger = max(before.count, after.count)
        return Double(moved) / Double(given.tasks.count) - 1 / Double(larger)
    }

    @Test("a member that joins or leaves moves few tasks besides its own")
    func fewMoves() {
        var total = 0.0
        var worst = 0.0
        var cases = 0
        for seed in 0..<200 as Range<UInt64> {
            let given = Case(seed: seed)
            let joined = given.members + [given.member(99)]
            for (before, after) in [(given.members, joined), (joined, given.members)] {
                let excess = excessMoves(given, before: before, after: after)
                total += excess
                worst = max(worst, excess)
                cases += 1
            }
        }
        #expect(total / Double(cases) < 0.10, "on average \(total / Double(cases)) of the tasks move needlessly")
        #expect(worst < 0.5, "in the worst case \(worst)")
    }

    // MARK: Standbys

    /// Makes some instances with one to three workers each.
    private func instances(_ given: inout Case) -> [GroupMember] {
        (0..<Int.random(in: 1...5, using: &given.random)).flatMap { instance in
            (0..<Int.random(in: 1...3, using: &given.random)).map { worker in
                GroupMember(
                    memberID: "\(instance)/\(worker)",
                    clientID: GroupMember.name(instance: "app-\(instance)", worker: worker) + "@host:\(instance)")
            }
        }
    }

    @Test(
        "a task's standbys are on as many other instances as requested, or as exist",
        arguments: 0..<100 as Range<UInt64>)
    func standbyPlaces(seed: UInt64) {
        var given = Case(seed: seed)
        let members = instances(&given)
        let assignor = TaskAssignor(given.tasks, members)
        let owners = owners(assignor.active())
        let instances = Dictionary(uniqueKeysWithValues: members.map { ($0.memberID, $0.instance) })
        for replicas in 0...3 {
            let standbys = assignor.standbys(of: given.tasks, replicas: replicas)
            for task in given.tasks {
                let own = (standbys[task] ?? []).map(\.instance)
                #expect(own.count == min(replicas, Set(instances.values).count - 1))
                #expect(Set(own + [instances[owners[task] ?? ""]]).count == own.count + 1)
            }
        }
    }

    @Test(
        "whichever instances leave, the first remaining standby of a task takes it over",
        arguments: 0..<100 as Range<UInt64>)
    func standbyTakesOver(seed: UInt64) {
        var given = Case(seed: seed)
        let members = instances(&given)
        let assignor = TaskAssignor(given.tasks, members)
        let before = owners(assignor.active())
        let standbys = assignor.standbys(of: given.tasks, replicas: 2)
        let instances = Dictionary(uniqueKeysWithValues: members.map { ($0.memberID, $0.instance) })
        for task in given.tasks {
            var gone: Set<Substring> = [instances[before[task] ?? ""] ?? ""]
            for standby in standbys[task] ?? [] {
                let left = members.filter { !gone.contains($0.instance) }
                #expect(owners(TaskAssignor.assign(given.tasks, to: left))[task] == standby.memberID)
                gone.insert(standby.instance)
            }
        }
    }

    @Test("a member's instance is its name without the number of the worker")
    func instanceNames() {
        #expect(GroupMember(memberID: "m", clientID: "app-a-worker-12@host:1").instance == "app-a")
        #expect(GroupMember(memberID: "m", clientID: "app-worker-a-worker-0").instance == "app-worker-a")
        #expect(GroupMember(memberID: "m", clientID: "plain").instance == "plain")
        #expect(GroupMember(memberID: "m", clientID: "some-name").instance == "some-name")
    }

    @Test("without members there is nothing to assign")
    func noMembers() {
        #expect(TaskAssignor.assign([TaskID(subtopology: 0, partition: 0)], to: []).isEmpty)
    }

    @Test("more members than tasks leave some without")
    func idleMembers() {
        let given = Case(seed: 5)
        let members = (0..<5).map(given.member)
        let assignment = TaskAssignor.assign([TaskID(subtopology: 0, partition: 0)], to: members)
        #expect(assignment.values.map(\.count).sorted() == [0, 0, 0, 0, 1])
    }

    // MARK: The coordinator's own assignment

    private func joined() throws -> TopicPlan {
        let builder = StreamsBuilder()
        builder.stream(["left", "right"], key: .string, value: .string).to("out")
        return try TopicPlan(
            builder.build(), applicationID: "app", partitionCounts: ["left": 2, "right": 2], replicationFactor: -1)
    }

    @Test("the coordinator's own assignment gives a member the tasks that it covers")
    func covered() throws {
        let partitions = [TopicPartition(topic: "left", partition: 1), TopicPartition(topic: "right", partition: 1)]
        #expect(
            try TaskAssignor.tasks(coveredBy: partitions, in: joined()) == [TaskID(subtopology: 0, partition: 1)])
        #expect(try TaskAssignor.tasks(coveredBy: [], in: joined()) == [])
    }

    @Test("a task that it splits is an error with the remedy")
    func torn() throws {
        let plan = try joined()
        let error = #expect(throws: StreamsError.self) {
            try TaskAssignor.tasks(coveredBy: [TopicPartition(topic: "left", partition: 0)], in: plan)
        }
        #expect(error?.code == .broker)
        #expect(error?.task == "0_0")
        #expect(error?.message.contains("run a single instance with one thread") == true)
    }
}
