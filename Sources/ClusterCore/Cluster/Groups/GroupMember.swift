/// A member of a group, and the answers it waits for.
final class GroupMember {
    let memberID: String
    let groupInstanceID: String?
    let clientID: String
    let clientHost: String
    var sessionTimeoutMs: Int32
    var rebalanceTimeoutMs: Int32
    var protocols: [GroupProtocol]
    var assignment: [UInt8] = []

    /// The JoinGroup request that waits for the group to complete.
    var joinToken: GroupToken?
    /// The SyncGroup request that waits for the leader's assignment.
    var syncToken: GroupToken?
    /// Whether its first JoinGroup is not answered yet: it cannot send heartbeats.
    var isNew = false
    var sessionDeadlineMs: Int64 = 0
    /// The earliest timer set for the session; nil for none.
    var timerMs: Int64?

    init(_ memberID: String, _ request: JoinGroupRequest) {
        self.memberID = memberID
        groupInstanceID = request.groupInstanceID
        clientID = request.clientID
        clientHost = request.clientHost
        sessionTimeoutMs = request.sessionTimeoutMs
        rebalanceTimeoutMs = request.rebalanceTimeoutMs
        protocols = request.protocols
    }

    init(_ entry: GroupMemberEntry) {
        memberID = entry.memberID
        groupInstanceID = entry.groupInstanceID
        clientID = entry.clientID
        clientHost = entry.clientHost
        sessionTimeoutMs = entry.sessionTimeoutMs
        rebalanceTimeoutMs = entry.rebalanceTimeoutMs
        protocols = entry.protocols
        assignment = entry.assignment
    }

    /// The same static member under another id, as it was before it came back.
    init(replacing member: GroupMember, with memberID: String) {
        self.memberID = memberID
        groupInstanceID = member.groupInstanceID
        clientID = member.clientID
        clientHost = member.clientHost
        sessionTimeoutMs = member.sessionTimeoutMs
        rebalanceTimeoutMs = member.rebalanceTimeoutMs
        protocols = member.protocols
        assignment = member.assignment
    }

    /// Whether it need not send heartbeats now.
    var isExcused: Bool { !isNew && (joinToken != nil || syncToken != nil) }

    /// Its metadata for a protocol.
    func metadata(for protocolName: String?) -> [UInt8] {
        protocols.first { $0.name == protocolName }?.metadata ?? []
    }

    var entry: GroupMemberEntry {
        GroupMemberEntry(
            memberID: memberID, groupInstanceID: groupInstanceID, clientID: clientID, clientHost: clientHost,
            sessionTimeoutMs: sessionTimeoutMs, rebalanceTimeoutMs: rebalanceTimeoutMs, protocols: protocols,
            assignment: assignment)
    }
}
