import ClusterCore
import Testing

@Suite("Groups")
struct GroupTests {
    @Test("a first member gets an id, and then has the group to itself")
    func firstMember() throws {
        let (cluster, _) = try clusterWithTopic()
        let member = TestMember(cluster)
        member.sendJoin()
        #expect(member.joined?.error == .memberIDRequired)
        #expect(member.memberID.hasPrefix("client-"))
        member.sendJoin()
        #expect(member.joined?.error == KafkaErrorCode.none)
        #expect(member.joined?.generationID == 1)
        #expect(member.joined?.protocolName == "range")
        #expect(member.isLeader && member.joined?.members.map(\.memberID) == [member.memberID])
        #expect(cluster.describeGroup("g").state == .completingRebalance)
        member.sync([member.memberID: [7]])
        #expect(member.synced?.assignment == [7])
        let description = cluster.describeGroup("g")
        #expect(description.state == .stable && description.protocolName == "range")
        #expect(description.members.map(\.assignment) == [[7]])
        #expect(cluster.listGroups().map(\.groupID) == ["g"] && cluster.listGroups()[0].state == .stable)
    }

    @Test("a second member starts a rebalance; both get the next generation once both have joined")
    func secondMember() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster)
        try settle(cluster, first)
        let second = TestMember(cluster)
        second.join()
        #expect(second.joined == nil)
        #expect(first.heartbeat(nowMs: 1) == .rebalanceInProgress)
        #expect(first.commit(0, of: TopicPartition("t", 0)) == .none)
        first.join()
        deliver(cluster, to: first, second)
        #expect(first.joined?.generationID == 2 && second.joined?.generationID == 2)
        #expect(first.joined?.members.count == 2 && second.joined?.members.isEmpty == true)
        second.sync()
        #expect(second.synced == nil)
        #expect(second.heartbeat(nowMs: 2) == .none)
        #expect(second.commit(0, of: TopicPartition("t", 0)) == .rebalanceInProgress)
        first.sync([second.memberID: [9]])
        deliver(cluster, to: second)
        #expect(first.synced?.assignment == [] && second.synced?.assignment == [9])
    }

    @Test("members with impossible settings are refused")
    func refusals() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster)
        try settle(cluster, first)
        func joined(_ change: (TestMember) -> Void, group: String = "g") -> KafkaErrorCode? {
            let member = TestMember(cluster, group: group)
            change(member)
            member.sendJoin()
            return member.joined?.error
        }
        #expect(joined({ _ in }, group: "") == .invalidGroupID)
        #expect(joined { $0.sessionTimeoutMs = 5_999 } == .invalidSessionTimeout)
        #expect(joined { $0.sessionTimeoutMs = 1_800_001 } == .invalidSessionTimeout)
        #expect(joined { $0.memberID = "nobody" } == .unknownMemberID)
        #expect(joined({ $0.memberID = "nobody" }, group: "h") == .unknownMemberID)
        #expect(joined { $0.protocols = [.init(name: "sticky", metadata: [])] } == .inconsistentGroupProtocol)
        #expect(joined { $0.protocols = [] } == .inconsistentGroupProtocol)
        #expect(code(try cluster.heartbeat(.init(groupID: "h"), nowMs: 0)) == .unknownMemberID)
        first.generationID = 5
        #expect(first.heartbeat(nowMs: 0) == .illegalGeneration)
        first.sync()
        #expect(first.synced?.error == .illegalGeneration)
    }

    @Test("a member whose session ends is removed, and the others rebalance")
    func sessionTimeout() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster)
        let second = TestMember(cluster)
        try settle(cluster, first, second)
        for time in stride(from: 3_000, to: 10_000, by: 3_000) as StrideTo<Int64> {
            cluster.tick(nowMs: time)
            #expect(first.heartbeat(nowMs: time) == .none)
        }
        #expect(try #require(cluster.nextDeadlineMs) <= 10_000)
        cluster.tick(nowMs: 9_999)
        #expect(cluster.describeGroup("g").members.count == 2)
        cluster.tick(nowMs: 10_000)
        #expect(second.heartbeat(nowMs: 10_000) == .unknownMemberID)
        #expect(first.heartbeat(nowMs: 10_000) == .rebalanceInProgress)
        first.join(nowMs: 10_001)
        #expect(first.joined?.generationID == 3 && first.joined?.members.count == 1)
        cluster.tick(nowMs: 30_000)
        #expect(cluster.describeGroup("g").state == .empty)
    }

    @Test("a member that does not rejoin is removed when the rebalance timeout is over")
    func rebalanceTimeout() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster)
        let second = TestMember(cluster)
        first.rebalanceTimeoutMs = 8_000
        second.rebalanceTimeoutMs = 7_000
        try settle(cluster, first)
        second.join(nowMs: 1_000)
        cluster.tick(nowMs: 8_000)
        #expect(first.heartbeat(nowMs: 8_000) == .rebalanceInProgress)
        cluster.tick(nowMs: 9_000)
        deliver(cluster, to: second)
        #expect(second.joined?.generationID == 2 && second.isLeader)
        #expect(first.heartbeat(nowMs: 9_001) == .unknownMemberID)
    }

    @Test("a member that joins but never syncs is removed after the rebalance timeout")
    func syncTimeout() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster)
        let second = TestMember(cluster)
        first.rebalanceTimeoutMs = 5_000
        second.rebalanceTimeoutMs = 5_000
        try settle(cluster, first)
        second.join()
        first.join()
        deliver(cluster, to: first, second)
        first.sync()
        cluster.tick(nowMs: 5_000)
        #expect(second.heartbeat(nowMs: 5_000) == .unknownMemberID)
        #expect(first.heartbeat(nowMs: 5_000) == .rebalanceInProgress)
    }

    @Test("an id that is assigned but never used blocks a rebalance only until its session ends")
    func pendingMember() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster)
        try settle(cluster, first)
        let ghost = TestMember(cluster)
        ghost.sendJoin()
        let second = TestMember(cluster)
        second.join()
        first.join()
        deliver(cluster, to: first, second)
        #expect(first.joined == nil && second.joined == nil)
        cluster.tick(nowMs: 10_000)
        deliver(cluster, to: first, second)
        #expect(first.joined?.members.count == 2)
    }

    @Test("an initial delay lets members gather, and new members prolong it")
    func initialDelay() throws {
        var configuration = ClusterConfiguration()
        configuration.initialRebalanceDelayMs = 3_000
        let (cluster, _) = try clusterWithTopic(configuration: configuration)
        let first = TestMember(cluster)
        let second = TestMember(cluster)
        first.join()
        second.join(nowMs: 1_000)
        cluster.tick(nowMs: 3_000)
        deliver(cluster, to: first, second)
        #expect(first.joined == nil)
        cluster.tick(nowMs: 6_000)
        deliver(cluster, to: first, second)
        #expect(first.joined?.members.count == 2 && second.joined?.generationID == 1)
    }

    @Test("the protocol that all members know and most prefer is chosen")
    func protocolChoice() throws {
        let (cluster, _) = try clusterWithTopic()
        let lists = [["a", "b", "c"], ["c", "b"], ["b", "c", "a"], ["c", "b", "x"]]
        let members = lists.map { names in
            let member = TestMember(cluster)
            member.protocols = names.map { GroupProtocol(name: $0, metadata: []) }
            return member
        }
        try settle(cluster, members[0], members[1], members[2], members[3])
        #expect(members[0].joined?.protocolName == "c" || members[0].joined?.protocolName == "b")
        #expect(members.allSatisfy { $0.joined?.protocolName == members[0].joined?.protocolName })
    }

    @Test("a follower that rejoins unchanged gets its generation; a leader that does starts a rebalance")
    func rejoin() throws {
        let (cluster, _) = try clusterWithTopic()
        let leader = TestMember(cluster)
        let follower = TestMember(cluster)
        try settle(cluster, leader, follower)
        let generation = leader.generationID
        follower.sendJoin()
        #expect(follower.joined?.generationID == generation)
        #expect(cluster.describeGroup("g").state == .stable)
        leader.sendJoin()
        #expect(leader.joined == nil)
        #expect(cluster.describeGroup("g").state == .preparingRebalance)
        follower.protocols = [.init(name: "range", metadata: [1])]
        follower.sendJoin()
        deliver(cluster, to: leader)
        #expect(leader.joined?.generationID == generation + 1)
        #expect(leader.joined?.members.last?.metadata == [1])
    }

    @Test("a member that leaves starts a rebalance; the last one leaves the group empty")
    func leaving() throws {
        let (cluster, partition) = try clusterWithTopic()
        let first = TestMember(cluster)
        let second = TestMember(cluster)
        try settle(cluster, first, second)
        #expect(first.commit(3, of: partition) == .none)
        #expect(
            try cluster.leaveGroup(
                "g", members: [.init(memberID: second.memberID), .init(memberID: "nobody")], nowMs: 0)
                == [.none, .unknownMemberID])
        #expect(first.heartbeat(nowMs: 0) == .rebalanceInProgress)
        try settle(cluster, first)
        #expect(try cluster.leaveGroup("g", members: [.init(memberID: first.memberID)], nowMs: 0) == [.none])
        #expect(cluster.describeGroup("g").state == .empty)
        #expect(cluster.fetchOffsets(groupID: "g", partitions: nil).map(\.offset.offset) == [3])
        #expect(code(try cluster.leaveGroup("h", members: [], nowMs: 0)) == .unknownMemberID)
    }

    @Test("a full group takes no more members")
    func maxSize() throws {
        var configuration = ClusterConfiguration()
        configuration.maxGroupSize = 1
        let (cluster, _) = try clusterWithTopic(configuration: configuration)
        let first = TestMember(cluster)
        try settle(cluster, first)
        let second = TestMember(cluster)
        second.join()
        #expect(second.joined?.error == .groupMaxSizeReached)
    }

    @Test("only an empty group can be deleted")
    func deletion() throws {
        let (cluster, _) = try clusterWithTopic()
        let member = TestMember(cluster)
        try settle(cluster, member)
        #expect(code(try cluster.deleteGroup("g", nowMs: 0)) == .nonEmptyGroup)
        _ = try cluster.leaveGroup("g", members: [.init(memberID: member.memberID)], nowMs: 0)
        try cluster.deleteGroup("g", nowMs: 0)
        #expect(code(try cluster.deleteGroup("g", nowMs: 0)) == .groupIDNotFound)
        #expect(code(try cluster.deleteGroup("", nowMs: 0)) == .invalidGroupID)
        #expect(cluster.describeGroup("g").state == .dead)
    }
}
