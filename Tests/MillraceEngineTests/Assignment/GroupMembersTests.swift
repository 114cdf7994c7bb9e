import Millrace
import MillraceEngine
import Testing

@Suite("Members of a group")
struct GroupMembersTests {
    private func identity(
        _ instance: String, startedMs: Int64 = 1, _ define: (StreamsBuilder) -> Void
    ) throws -> WorkerIdentity {
        let builder = StreamsBuilder()
        define(builder)
        return WorkerIdentity(
            name: GroupMember.name(instance: "app-\(instance)", worker: 0), topology: try builder.build(),
            startedMs: startedMs)
    }

    private func member(_ identity: WorkerIdentity) -> GroupMember {
        GroupMember(memberID: "id of \(identity.name)", clientID: identity.clientID(address: InstanceAddress("host:1")))
    }

    private func otherTopic(_ builder: StreamsBuilder) {
        builder.stream("other", key: .string, value: .string).to("out")
    }

    private func otherOutput(_ builder: StreamsBuilder) {
        builder.stream("in", key: .string, value: .string).groupByKey()
            .count(into: .store("counts").withoutCache()).toStream().to("elsewhere")
    }

    private func furtherOutput(_ builder: StreamsBuilder) {
        let copy = builder.stream("in", key: .string, value: .string)
        copy.to("out")
        copy.to("elsewhere")
    }

    private func otherStore(_ builder: StreamsBuilder) {
        builder.stream("in", key: .string, value: .string).groupByKey()
            .count(into: .store("sums").withoutCache()).toStream().to("out")
    }

    private func otherFunction(_ builder: StreamsBuilder) {
        builder.stream("in", key: .string, value: .string).mapValues { $0 + "!" }.to("out")
    }

    @Test("a consumer that is no worker of the application gets no tasks, and is named")
    func foreign() throws {
        let own = try identity("a", FakeTopology.copy)
        let strangers = ["rdkafka", "console-consumer", "app-worker-1", "other-a-worker-0", "app-a-worker-x", ""]
        let members = GroupMembers(
            [member(own)] + strangers.map { GroupMember(memberID: "m\($0)", clientID: $0) }, applicationID: "app",
            own: own)
        #expect(members.workers.map(\.memberID) == ["id of app-a-worker-0"])
        #expect(members.foreign == strangers.sorted())
        #expect(members.conflict == nil)
    }

    @Test("a worker's description of itself changes neither its name nor its address")
    func names() throws {
        let own = try identity("a-b", FakeTopology.count)
        let described = GroupMembers([member(own)], applicationID: "app", own: own).workers
        #expect(described.map(\.clientID) == ["app-a-b-worker-0@host:1"])
        #expect(member(own).instance == "app-a-b")
        #expect(member(own).address == InstanceAddress("host:1"))
    }

    @Test("of two topologies the first keeps running, and the other learns the difference")
    func conflict() throws {
        let rows: [((StreamsBuilder) -> Void, TopologyFingerprint.Difference)] = [
            (otherTopic, .topics(subtopology: 0)), (otherStore, .stores(subtopology: 0)),
            (otherOutput, .outputs(subtopology: 0)), (FakeTopology.rekeyedCount, .count(2)),
        ]
        for (define, difference) in rows {
            let first = try identity("a", startedMs: 1, define)
            let second = try identity("b", startedMs: 2, FakeTopology.count)
            let described = [member(second), member(first)]
            let seenByFirst = GroupMembers(described, applicationID: "app", own: first)
            #expect(seenByFirst.conflict == nil)
            #expect(seenByFirst.workers.map(\.memberID) == ["id of app-a-worker-0"])
            let conflict = GroupMembers(described, applicationID: "app", own: second).conflict
            #expect(conflict?.member == "app-a-worker-0")
            #expect(conflict?.differences.contains(difference) == true)
            // Before it joins, a new instance gives way, whatever its clock says.
            let comes = GroupMembers.conflict(before: first, in: [member(second)], applicationID: "app")
            #expect(comes?.member == "app-b-worker-0")
        }
    }

    @Test("a topology with another function or with further outputs shares the tasks")
    func compatible() throws {
        for define in [otherFunction, furtherOutput] { try expectShared(FakeTopology.copy, define) }
        try expectShared(furtherOutput, FakeTopology.copy)
    }

    private func expectShared(_ one: (StreamsBuilder) -> Void, _ other: (StreamsBuilder) -> Void) throws {
        let first = try identity("a", startedMs: 1, one)
        let second = try identity("b", startedMs: 2, other)
        let members = GroupMembers([member(first), member(second)], applicationID: "app", own: second)
        #expect(members.conflict == nil)
        #expect(members.workers.count == 2)
        #expect(GroupMembers.conflict(before: second, in: [member(first)], applicationID: "app") == nil)
    }

    @Test("an instance does not give way to a member left over from its earlier run")
    func earlierLife() throws {
        let dead = try identity("a", startedMs: 1, otherTopic)
        let own = try identity("a", startedMs: 2, FakeTopology.copy)
        #expect(GroupMembers.conflict(before: own, in: [member(dead)], applicationID: "app") == nil)
        #expect(GroupMembers([member(dead), member(own)], applicationID: "app", own: own).conflict == nil)
    }

    @Test("while a worker of a version without marks is a member, all workers count every member as it does")
    func olderVersion() throws {
        let own = try identity("a", FakeTopology.copy)
        let described = [
            member(own), GroupMember(memberID: "old", clientID: "app-b-worker-0@host:2"),
            GroupMember(memberID: "stranger", clientID: "rdkafka"),
        ]
        let members = GroupMembers(described, applicationID: "app", own: own)
        #expect(members.workers == described)
        #expect(members.foreign == ["rdkafka"])
    }
}
