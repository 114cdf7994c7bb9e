import Millrace
import Testing

@testable import MillraceEngine

@Suite("Worker: members that are no workers")
struct WorkerMemberTests {
    private static let topic = TopicPartition(topic: "in", partition: 0)

    private func fixture(_ cluster: FakeCluster) throws -> WorkerFixture {
        let builder = StreamsBuilder()
        FakeTopology.copy(builder)
        let topology = try builder.build()
        let identity = WorkerIdentity(name: "app-a-worker-0", topology: topology, startedMs: 1)
        cluster.group = GroupDescription(
            isStable: true,
            members: [
                GroupMember(memberID: "me", clientID: identity.clientID(address: nil)),
                GroupMember(memberID: "stranger", clientID: "rdkafka"),
            ])
        return try WorkerFixture(topology: topology, cluster: cluster, topics: ["in": 1]) { $0.identity = identity }
    }

    @Test("they get no tasks and are reported; the task's owner corrects offsets that they commit")
    func overwritten() throws {
        let cluster = FakeCluster()
        let fixture = try fixture(cluster)
        cluster.write(["a", "b"], to: "in")
        try fixture.start()
        try fixture.steps(until: "two results") { cluster.values("out").count == 2 }
        #expect(fixture.worker.status.foreignMembers == ["rdkafka"])

        cluster.committed[Self.topic] = CommittedOffset(offset: 9, metadata: "")
        fixture.consumer.membershipEvents.append(.revoked([]))
        fixture.rebalance()
        try fixture.steps(until: "the offset") { cluster.committed[Self.topic]?.offset == 2 }
        cluster.write(["c"], to: "in")
        try fixture.steps(until: "three results") { cluster.values("out").count == 3 }
        #expect(cluster.values("out") == ["a", "b", "c"])
    }

    @Test("if no worker knows the application's progress, it ends and names the partition")
    func unknown() throws {
        let cluster = FakeCluster()
        let fixture = try fixture(cluster)
        cluster.committed[Self.topic] = CommittedOffset(offset: 9, metadata: "")
        try fixture.start()
        let error = #expect(throws: StreamsError.self) {
            try fixture.steps(until: "an end") { false }
        }
        #expect(error?.code == .topic)
        #expect(error?.message.contains("in-0") == true)
        #expect(cluster.committed[Self.topic]?.offset == 9)
    }
}
