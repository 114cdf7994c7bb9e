import ClusterCore
import Testing

/// A group member for tests, which sends the requests that it is told to and keeps the answers.
final class TestMember {
    let cluster: Cluster
    let groupID: String
    let instanceID: String?
    var memberID = ""
    var generationID: Int32 = -1
    var sessionTimeoutMs: Int32 = 10_000
    var rebalanceTimeoutMs: Int32 = 60_000
    var protocols = [GroupProtocol(name: "range", metadata: [0])]
    var supportsSkippingAssignment = false

    private var joinToken: GroupToken?
    private var syncToken: GroupToken?
    /// The answer to the last JoinGroup; nil while it is pending.
    private(set) var joined: JoinGroupAnswer?
    /// The answer to the last SyncGroup; nil while it is pending.
    private(set) var synced: SyncGroupAnswer?

    init(_ cluster: Cluster, group: String = "g", instance: String? = nil) {
        self.cluster = cluster
        groupID = group
        instanceID = instance
    }

    var membership: GroupMembership {
        GroupMembership(
            groupID: groupID, generationID: generationID, memberID: memberID, groupInstanceID: instanceID)
    }

    /// Whether an answer is pending.
    var isWaiting: Bool { joinToken != nil || syncToken != nil }
    var isLeader: Bool { joined?.leaderID == memberID }

    /// Sends JoinGroup, twice if an id is required.
    func join(nowMs: Int64 = 0) {
        sendJoin(nowMs: nowMs)
        if joined?.error == .memberIDRequired { sendJoin(nowMs: nowMs) }
    }

    func sendJoin(nowMs: Int64 = 0) {
        var request = JoinGroupRequest(groupID: groupID)
        request.memberID = memberID
        request.groupInstanceID = instanceID
        request.clientID = "client"
        request.sessionTimeoutMs = sessionTimeoutMs
        request.rebalanceTimeoutMs = rebalanceTimeoutMs
        request.protocols = protocols
        request.supportsSkippingAssignment = supportsSkippingAssignment
        joined = nil
        synced = nil
        switch cluster.joinGroup(request, nowMs: nowMs) {
        case .answered(let answer): receive(answer)
        case .pending(let token): joinToken = token
        }
    }

    func sync(_ assignments: [String: [UInt8]] = [:], nowMs: Int64 = 0) {
        var request = SyncGroupRequest(
            groupID: groupID, generationID: generationID, memberID: memberID, groupInstanceID: instanceID)
        request.assignments = assignments
        synced = nil
        switch cluster.syncGroup(request, nowMs: nowMs) {
        case .answered(let answer): synced = answer
        case .pending(let token): syncToken = token
        }
    }

    func heartbeat(nowMs: Int64) -> KafkaErrorCode { code(try cluster.heartbeat(membership, nowMs: nowMs)) }

    func commit(_ offset: Int64, of partition: TopicPartition, nowMs: Int64 = 0) -> KafkaErrorCode {
        cluster.commitOffsets(membership, offsets: [.init(partition, .init(offset: offset))], nowMs: nowMs)[0].error
    }

    private func receive(_ answer: JoinGroupAnswer) {
        joined = answer
        if !answer.memberID.isEmpty { memberID = answer.memberID }
        if answer.error == .none { generationID = answer.generationID }
    }

    func receive(_ call: CompletedGroupCall) {
        switch call.answer {
        case .join(let answer) where call.token == joinToken:
            joinToken = nil
            receive(answer)
        case .sync(let answer) where call.token == syncToken:
            syncToken = nil
            synced = answer
        default: break
        }
    }
}

/// Delivers deferred answers to these members.
func deliver(_ cluster: Cluster, to members: TestMember...) { deliver(cluster, to: members) }

/// Delivers deferred answers to these members.
func deliver(_ cluster: Cluster, to members: [TestMember]) {
    for call in cluster.takeCompleted() {
        for member in members { member.receive(call) }
    }
}

/// Makes members join and sync until the group is stable. Each gets its position as its assignment.
func settle(_ cluster: Cluster, _ members: TestMember..., nowMs: Int64 = 0) throws {
    for member in members { member.join(nowMs: nowMs) }
    for member in members where member.joined != nil { member.join(nowMs: nowMs) }
    deliver(cluster, to: members)
    var assignments: [String: [UInt8]] = [:]
    for (index, member) in members.enumerated() { assignments[member.memberID] = [UInt8(index)] }
    for member in members { member.sync(member.isLeader ? assignments : [:], nowMs: nowMs) }
    deliver(cluster, to: members)
    for (index, member) in members.enumerated() { #expect(member.synced?.assignment == [UInt8(index)]) }
    #expect(cluster.describeGroup(members[0].groupID).state == .stable)
}
