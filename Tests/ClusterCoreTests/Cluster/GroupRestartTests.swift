import ClusterCore
import TestSupport
import Testing

@Suite("Groups over a restart")
struct GroupRestartTests {
    private func restarted(_ cluster: Cluster, _ journal: [ClusterChange], nowMs: Int64) throws -> Cluster {
        var configuration = ClusterConfiguration()
        configuration.identifierSeed = 99
        return try Cluster(configuration: configuration, replaying: journal, nowMs: nowMs)
    }

    @Test("members keep their generation and assignment; their sessions start anew")
    func members() throws {
        let (cluster, partition) = try clusterWithTopic()
        let first = TestMember(cluster)
        let second = TestMember(cluster, instance: "b")
        try settle(cluster, first, second)
        #expect(first.commit(5, of: partition) == .none)
        let after = try restarted(cluster, cluster.takeChanges(), nowMs: 100_000)
        #expect(after.describeGroup("g") == cluster.describeGroup("g"))
        #expect(after.clusterID == cluster.clusterID)
        after.tick(nowMs: 109_999)
        #expect(code(try after.heartbeat(first.membership, nowMs: 109_999)) == .none)
        after.tick(nowMs: 110_000)
        #expect(code(try after.heartbeat(second.membership, nowMs: 110_000)) == .unknownMemberID)
        #expect(code(try after.heartbeat(first.membership, nowMs: 110_000)) == .rebalanceInProgress)
        #expect(after.fetchOffsets(groupID: "g", partitions: nil).map(\.offset.offset) == [5])
    }

    @Test("a rebalance under way is forgotten: the group returns to its last complete generation")
    func rebalance() throws {
        let (cluster, _) = try clusterWithTopic()
        let first = TestMember(cluster)
        try settle(cluster, first)
        let second = TestMember(cluster)
        second.join()
        let after = try restarted(cluster, cluster.takeChanges(), nowMs: 0)
        #expect(after.describeGroup("g").state == .stable)
        #expect(after.describeGroup("g").members.map(\.memberID) == [first.memberID])
        #expect(code(try after.heartbeat(first.membership, nowMs: 0)) == .none)
        #expect(code(try after.heartbeat(second.membership, nowMs: 0)) == .unknownMemberID)
    }

    @Test("a transaction stays open with its offsets pending, and still times out")
    func transaction() throws {
        let (cluster, partition) = try clusterWithTopic()
        var producer = try TestProducer(cluster, "x", timeoutMs: 5_000)
        try producer.send(["a"], to: partition)
        try cluster.addOffsetsToTransaction("x", producer: producer.identity, groupID: "g", nowMs: 0)
        _ = try cluster.commitTransactionOffsets(
            "x", producer: producer.identity, member: .init(groupID: "g"),
            offsets: [.init(partition, .init(offset: 4))], nowMs: 0)
        let journal = cluster.takeChanges()
        func stable(_ cluster: Cluster) -> FetchedOffset {
            cluster.fetchOffsets(groupID: "g", partitions: [partition], requireStable: true)[0]
        }
        let committing = try restarted(cluster, journal, nowMs: 1_000)
        #expect(stable(committing).error == .unstableOffsetCommit)
        try committing.endTransaction("x", producer: producer.identity, commit: true, nowMs: 1_000)
        #expect(stable(committing).offset.offset == 4)
        #expect(text(try read(committing, partition)) == "a@0")
        let waiting = try restarted(cluster, journal, nowMs: 1_000)
        waiting.tick(nowMs: 5_000)
        #expect(stable(waiting).error == .none && stable(waiting).offset.offset == -1)
        #expect(try waiting.offsets(of: partition).lastStableOffset == 2)
    }

    @Test(
        "random members agree on each generation, every request is answered, and a replay gives the same state",
        arguments: 0..<40 as Range<UInt64>)
    func randomMembers(seed: UInt64) throws {
        var run = GroupRun(seed: seed)
        for _ in 0..<400 { try run.step() }
        try run.finish()
    }
}

/// A seeded run of members that join, leave, sleep and come back.
private struct GroupRun {
    let cluster = Cluster(nowMs: 0)
    var random: SeededNumbers
    var nowMs: Int64 = 0
    var members: [TestMember] = []
    var journal: [ClusterChange] = []
    /// The protocol that the members of each generation were told.
    var told: [Int32: [String?]] = [:]

    init(seed: UInt64) {
        random = SeededNumbers(seed: seed)
    }

    mutating func step() throws {
        nowMs += Int64(random.below(1_500))
        if members.isEmpty || (members.count < 5 && random.chance(15)) { members.append(newMember()) }
        let index = random.below(members.count)
        let member = members[index]
        switch random.below(100) {
        case 0..<35: if !member.isWaiting { member.join(nowMs: nowMs) }
        case 35..<70: sync(member)
        case 70..<85: if !member.isWaiting { _ = member.heartbeat(nowMs: nowMs) }
        case 85..<88: members.remove(at: index)
        case 88..<92:
            members.remove(at: index)
            _ = try? cluster.leaveGroup(
                "g", members: [.init(memberID: member.memberID, groupInstanceID: member.instanceID)], nowMs: nowMs)
        default: cluster.tick(nowMs: nowMs)
        }
        try check()
    }

    private mutating func newMember() -> TestMember {
        let member = TestMember(cluster, instance: random.chance(30) ? "i\(random.below(3))" : nil)
        member.sessionTimeoutMs = 6_000
        member.rebalanceTimeoutMs = Int32(2_000 + random.below(8_000))
        return member
    }

    private mutating func sync(_ member: TestMember) {
        guard !member.isWaiting, member.joined?.error == KafkaErrorCode.none else { return }
        let all = member.joined?.members ?? []
        var assignments: [String: [UInt8]] = [:]
        for other in all { assignments[other.memberID] = Array("\(member.generationID)/\(other.memberID)".utf8) }
        member.sync(assignments, nowMs: nowMs)
    }

    private mutating func check() throws {
        deliver(cluster, to: members)
        journal += cluster.takeChanges()
        for member in members {
            if let joined = member.joined, joined.error == .none {
                let words = [joined.protocolName]
                #expect(told[joined.generationID, default: words] == words)
                told[joined.generationID] = words
            }
            if let synced = member.synced, synced.error == .none, !synced.assignment.isEmpty {
                let words = String(decoding: synced.assignment, as: UTF8.self)
                #expect(words.hasPrefix("\(member.generationID)/"))
            }
        }
        let replayed = try Cluster(replaying: journal, nowMs: nowMs)
        #expect(stateBytes(replayed) == stateBytes(cluster))
        let description = cluster.describeGroup("g")
        #expect(Set(description.members.map(\.memberID)).count == description.members.count)
        let instances = description.members.compactMap(\.groupInstanceID)
        #expect(Set(instances).count == instances.count)
    }

    /// No member calls any more: everything pending is answered, and finally the group is empty.
    mutating func finish() throws {
        for _ in 0..<200 {
            guard let deadlineMs = cluster.nextDeadlineMs, deadlineMs < nowMs + 1_000_000 else { break }
            cluster.tick(nowMs: max(deadlineMs, nowMs))
            deliver(cluster, to: members)
        }
        #expect(members.allSatisfy { !$0.isWaiting })
        #expect(cluster.describeGroup("g").members.isEmpty)
    }
}
