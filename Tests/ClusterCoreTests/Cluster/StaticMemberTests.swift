import ClusterCore
import Testing

@Suite("Static members (KIP-345)")
struct StaticMemberTests {
    @Test("a static member that comes back resumes its membership without a rebalance; the old one is fenced")
    func replacement() throws {
        let (cluster, partition) = try clusterWithTopic()
        let first = TestMember(cluster, instance: "a")
        let second = TestMember(cluster, instance: "b")
        try settle(cluster, first, second)
        let generation = first.generationID
        let again = TestMember(cluster, instance: "b")
        again.join()
        #expect(again.joined?.generationID == generation)
        #expect(again.memberID != second.memberID && again.memberID.hasPrefix("b-"))
        again.sync()
        #expect(again.synced?.assignment == [1])
        #expect(cluster.describeGroup("g").state == .stable)
        #expect(first.heartbeat(nowMs: 0) == .none)
        #expect(second.heartbeat(nowMs: 0) == .fencedInstanceID)
        #expect(second.commit(0, of: partition) == .fencedInstanceID)
        second.sync()
        #expect(second.synced?.error == .fencedInstanceID)
        second.sendJoin()
        #expect(second.joined?.error == .fencedInstanceID)
        #expect(
            try cluster.leaveGroup(
                "g", members: [.init(memberID: second.memberID, groupInstanceID: "b")], nowMs: 0)
                == [.fencedInstanceID])
    }

    @Test("a leader that comes back is not told that it leads unless it can skip the assignment (KIP-814)")
    func leaderReplacement() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster, instance: "a")
        let second = TestMember(cluster, instance: "b")
        try settle(cluster, first, second)
        let old = TestMember(cluster, instance: "a")
        old.join()
        #expect(!old.isLeader && old.joined?.leaderID == first.memberID)
        #expect(old.joined?.members.isEmpty == true)
        let new = TestMember(cluster, instance: "a")
        new.supportsSkippingAssignment = true
        new.join()
        #expect(new.isLeader && new.joined?.skipsAssignment == true)
        #expect(new.joined?.members.count == 2)
        #expect(cluster.describeGroup("g").state == .stable)
    }

    @Test("a member that comes back with other protocols starts a rebalance")
    func changedProtocol() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster, instance: "a")
        first.protocols = ["x", "y"].map { GroupProtocol(name: $0, metadata: []) }
        try settle(cluster, first)
        let again = TestMember(cluster, instance: "a")
        again.protocols = [GroupProtocol(name: "y", metadata: [])]
        again.join()
        #expect(again.joined?.generationID == first.generationID + 1)
        #expect(again.joined?.protocolName == "y")
    }

    @Test("a member that comes back between join and sync starts a rebalance")
    func duringCompletion() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster, instance: "a")
        let second = TestMember(cluster, instance: "b")
        try settle(cluster, first)
        second.join()
        first.join()
        deliver(cluster, to: first, second)
        second.sync()
        let again = TestMember(cluster, instance: "b")
        again.join()
        deliver(cluster, to: first, second)
        #expect(second.synced?.error == .fencedInstanceID)
        #expect(again.joined == nil)
        first.join()
        deliver(cluster, to: first, again)
        #expect(first.joined?.members.count == 2 && again.joined?.generationID == first.generationID)
    }

    @Test("a pending JoinGroup of the old member is answered with FENCED_INSTANCE_ID")
    func waitingJoin() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster, instance: "a")
        let second = TestMember(cluster, instance: "b")
        try settle(cluster, first)
        second.join()
        let again = TestMember(cluster, instance: "b")
        again.join()
        deliver(cluster, to: second, again)
        #expect(second.joined?.error == .fencedInstanceID)
        first.join()
        deliver(cluster, to: first, again)
        #expect(again.joined?.error == KafkaErrorCode.none)
    }

    @Test("a silent member is removed when its session ends, not before; an administrator may remove it by name")
    func removal() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster, instance: "a")
        let second = TestMember(cluster, instance: "b")
        try settle(cluster, first, second)
        _ = first.heartbeat(nowMs: 9_000)
        cluster.tick(nowMs: 9_999)
        #expect(cluster.describeGroup("g").state == .stable)
        cluster.tick(nowMs: 10_000)
        #expect(cluster.describeGroup("g").members.map(\.groupInstanceID) == ["a"])
        #expect(
            try cluster.leaveGroup("g", members: [.init(memberID: "", groupInstanceID: "a")], nowMs: 10_001)
                == [.none])
        #expect(cluster.describeGroup("g").state == .empty)
    }

    @Test("absent static members do not stop a rebalance, and stay members until their sessions end")
    func absentMembers() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster, instance: "a")
        let second = TestMember(cluster, instance: "b")
        for member in [first, second] {
            member.rebalanceTimeoutMs = 4_000
            member.sessionTimeoutMs = 60_000
        }
        try settle(cluster, first, second)
        let third = TestMember(cluster, instance: "c")
        third.rebalanceTimeoutMs = 4_000
        third.join()
        cluster.tick(nowMs: 4_000)
        deliver(cluster, to: third)
        #expect(third.joined?.members.count == 3 && third.isLeader)
    }
}
