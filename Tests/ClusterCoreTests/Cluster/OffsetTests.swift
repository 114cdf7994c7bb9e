import ClusterCore
import Testing

@Suite("Committed offsets")
struct OffsetTests {
    private let partition = TopicPartition("t", 0)

    private func fetched(_ cluster: Cluster, requireStable: Bool = false) -> FetchedOffset {
        cluster.fetchOffsets(groupID: "g", partitions: [partition], requireStable: requireStable)[0]
    }

    @Test("offsets are returned with their metadata, which may have 4096 characters")
    func metadata() throws {
        let (cluster, _) = try clusterWithTopic(partitions: 2)
        let member = GroupMembership(groupID: "g")
        func commit(_ offset: Int64, _ metadata: String, _ partition: TopicPartition) -> KafkaErrorCode {
            cluster.commitOffsets(
                member, offsets: [.init(partition, .init(offset: offset, leaderEpoch: 0, metadata: metadata))],
                nowMs: 0)[0].error
        }
        #expect(commit(7, "hello-é", partition) == .none)
        #expect(fetched(cluster).offset == CommittedOffset(offset: 7, leaderEpoch: 0, metadata: "hello-é"))
        #expect(commit(8, String(repeating: "é", count: 4_096), partition) == .none)
        #expect(commit(9, String(repeating: "x", count: 4_097), partition) == .offsetMetadataTooLarge)
        #expect(commit(1, "", TopicPartition("u", 0)) == .unknownTopicOrPartition)
        #expect(fetched(cluster).offset.offset == 8)
        let all = cluster.fetchOffsets(groupID: "g", partitions: nil)
        #expect(all.map(\.partition) == [partition])
        #expect(cluster.fetchOffsets(groupID: "h", partitions: [partition])[0].offset.offset == -1)
    }

    @Test("commits are fenced by member and generation, also in transactions (KIP-447)")
    func fencing() throws {
        let (cluster, _) = try clusterWithTopic()
        let member = TestMember(cluster)
        try settle(cluster, member)
        let producer = try TestProducer(cluster, "x")
        try cluster.addOffsetsToTransaction("x", producer: producer.identity, groupID: "g", nowMs: 0)
        let id = member.memberID
        let table: [(Int32, String, String?, plain: KafkaErrorCode, transactional: KafkaErrorCode)] = [
            (1, id, nil, .none, .none), (0, id, nil, .illegalGeneration, .illegalGeneration),
            (99, id, nil, .illegalGeneration, .illegalGeneration),
            (1, "nobody", nil, .unknownMemberID, .unknownMemberID), (-1, "", nil, .unknownMemberID, .none),
            (1, id, "a", .unknownMemberID, .unknownMemberID),
        ]
        for row in table {
            let membership = GroupMembership(
                groupID: "g", generationID: row.0, memberID: row.1, groupInstanceID: row.2)
            let offsets = [OffsetToCommit(partition, .init(offset: 1))]
            #expect(cluster.commitOffsets(membership, offsets: offsets, nowMs: 0)[0].error == row.plain, "\(row)")
            #expect(
                code(
                    try cluster.commitTransactionOffsets(
                        "x", producer: producer.identity, member: membership, offsets: offsets, nowMs: 0))
                    == row.transactional, "\(row)")
        }
        let unknown = GroupMembership(groupID: "h", generationID: 1, memberID: "m")
        let offsets = [OffsetToCommit(partition, .init(offset: 1))]
        #expect(cluster.commitOffsets(unknown, offsets: offsets, nowMs: 0)[0].error == .groupIDNotFound)
        #expect(
            cluster.commitOffsets(unknown, offsets: offsets, requestVersion: 8, nowMs: 0)[0].error
                == .illegalGeneration)
    }

    @Test("a commit renews the member's session")
    func session() throws {
        let (cluster, _) = try clusterWithTopic()
        let member = TestMember(cluster)
        try settle(cluster, member)
        #expect(member.commit(1, of: partition, nowMs: 9_000) == .none)
        cluster.tick(nowMs: 18_000)
        #expect(member.heartbeat(nowMs: 18_000) == .none)
    }

    @Test("offsets of a transaction take effect when it commits; until then a stable fetch is refused")
    func transactional() throws {
        let (cluster, _) = try clusterWithTopic()
        let producer = try TestProducer(cluster, "x")
        func send(_ offset: Int64) throws {
            _ = try cluster.commitTransactionOffsets(
                "x", producer: producer.identity, member: .init(groupID: "g"),
                offsets: [.init(partition, .init(offset: offset, metadata: "m"))], nowMs: 0)
        }
        #expect(code(try send(1)) == .invalidTxnState)
        try cluster.addOffsetsToTransaction("x", producer: producer.identity, groupID: "g", nowMs: 0)
        try send(4)
        #expect(fetched(cluster).offset.offset == -1 && fetched(cluster).error == .none)
        #expect(fetched(cluster, requireStable: true).error == .unstableOffsetCommit)
        try producer.end(commit: true)
        #expect(fetched(cluster, requireStable: true).offset == CommittedOffset(offset: 4, metadata: "m"))
        try cluster.addOffsetsToTransaction("x", producer: producer.identity, groupID: "g", nowMs: 0)
        try send(8)
        try producer.end(commit: false)
        #expect(fetched(cluster, requireStable: true).offset.offset == 4)
        #expect(code(try send(9)) == .invalidTxnState)
    }

    @Test("of a plain commit and one in a transaction, the one sent later wins")
    func lastOneWins() throws {
        let (cluster, _) = try clusterWithTopic()
        let producer = try TestProducer(cluster, "x")
        let member = GroupMembership(groupID: "g")
        try cluster.addOffsetsToTransaction("x", producer: producer.identity, groupID: "g", nowMs: 0)
        _ = try cluster.commitTransactionOffsets(
            "x", producer: producer.identity, member: member, offsets: [.init(partition, .init(offset: 4))], nowMs: 0)
        _ = cluster.commitOffsets(member, offsets: [.init(partition, .init(offset: 9))], nowMs: 0)
        try producer.end(commit: true)
        #expect(fetched(cluster).offset.offset == 9)
    }

    @Test("a second producer drops the first one's pending offsets")
    func fencedProducer() throws {
        let (cluster, _) = try clusterWithTopic()
        let producer = try TestProducer(cluster, "x")
        try cluster.addOffsetsToTransaction("x", producer: producer.identity, groupID: "g", nowMs: 0)
        _ = try cluster.commitTransactionOffsets(
            "x", producer: producer.identity, member: .init(groupID: "g"),
            offsets: [.init(partition, .init(offset: 4))], nowMs: 0)
        _ = try TestProducer(cluster, "x")
        #expect(fetched(cluster, requireStable: true) == fetched(cluster))
        #expect(fetched(cluster).offset.offset == -1)
    }

    @Test("offsets are deleted one by one unless a member reads the topic")
    func deletion() throws {
        let (cluster, _) = try clusterWithTopic(partitions: 2)
        let member = TestMember(cluster)
        // A consumer's subscription, version 0, to topic "t".
        member.protocols = [.init(name: "range", metadata: [0, 0, 0, 0, 0, 1, 0, 1, UInt8(ascii: "t")])]
        try settle(cluster, member)
        #expect(member.commit(1, of: partition) == .none)
        #expect(
            try cluster.deleteOffsets(groupID: "g", partitions: [partition], nowMs: 0).map(\.error)
                == [.groupSubscribedToTopic])
        _ = try cluster.leaveGroup("g", members: [.init(memberID: member.memberID)], nowMs: 0)
        let outcomes = try cluster.deleteOffsets(
            groupID: "g", partitions: [partition, TopicPartition("t", 1), TopicPartition("u", 0)], nowMs: 0)
        #expect(outcomes.map(\.error) == [.none, .none, .unknownTopicOrPartition])
        #expect(fetched(cluster).offset.offset == -1)
        #expect(code(try cluster.deleteOffsets(groupID: "h", partitions: [], nowMs: 0)) == .groupIDNotFound)
    }

    @Test("an empty group's offsets are kept for a week, then removed with the group")
    func expiry() throws {
        let (cluster, _) = try clusterWithTopic()
        let member = TestMember(cluster)
        try settle(cluster, member)
        #expect(member.commit(1, of: partition) == .none)
        _ = try cluster.leaveGroup("g", members: [.init(memberID: member.memberID)], nowMs: 500_000)
        cluster.tick(nowMs: 604_800_000)
        #expect(fetched(cluster).offset.offset == 1)
        cluster.tick(nowMs: 604_800_000 + 900_000)
        #expect(fetched(cluster).offset.offset == -1)
        #expect(cluster.listGroups().isEmpty)
    }
}
