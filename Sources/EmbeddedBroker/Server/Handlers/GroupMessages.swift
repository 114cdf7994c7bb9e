import ClusterCore

// What the cluster and the wire call the same.

extension JoinGroupRequest {
    init(_ request: JoinGroup.Request, _ call: Call) {
        self.init(groupID: request.groupID)
        memberID = request.memberID
        groupInstanceID = request.groupInstanceID
        clientID = call.clientID
        clientHost = call.connection.clientHost
        sessionTimeoutMs = request.sessionTimeoutMs
        rebalanceTimeoutMs = request.rebalanceTimeoutMs >= 0 ? request.rebalanceTimeoutMs : request.sessionTimeoutMs
        protocolType = request.protocolType
        protocols = request.protocols.map { GroupProtocol(name: $0.name, metadata: $0.metadata.bytes) }
        requiresKnownMemberID = call.version >= 4
        supportsSkippingAssignment = call.version >= 9
    }
}

extension JoinGroup.Response {
    init(_ answer: JoinGroupAnswer) {
        error = answer.error
        generationID = answer.generationID
        protocolType = answer.protocolType
        protocolName = answer.protocolName
        leaderID = answer.leaderID
        skipAssignment = answer.skipsAssignment
        memberID = answer.memberID
        members = answer.members.map {
            Member(memberID: $0.memberID, groupInstanceID: $0.groupInstanceID, metadata: WireBytes($0.metadata))
        }
    }
}

extension SyncGroupRequest {
    init(_ request: SyncGroup.Request) {
        self.init(
            groupID: request.groupID, generationID: request.generationID, memberID: request.memberID,
            groupInstanceID: request.groupInstanceID)
        protocolType = request.protocolType
        protocolName = request.protocolName
        assignments = Dictionary(request.assignments.map { ($0.memberID, $0.assignment.bytes) }) { $1 }
    }
}

extension SyncGroup.Response {
    init(_ answer: SyncGroupAnswer) {
        error = answer.error
        protocolType = answer.protocolType
        protocolName = answer.protocolName
        assignment = WireBytes(answer.assignment)
    }
}

extension DescribeGroups.Response.Group {
    init(_ group: GroupDescription) {
        groupID = group.groupID
        state = group.state.name
        protocolType = group.protocolType
        protocolName = group.protocolName
        members = group.members.map {
            DescribeGroups.Response.Member(
                memberID: $0.memberID, groupInstanceID: $0.groupInstanceID, clientID: $0.clientID,
                clientHost: $0.clientHost, metadata: WireBytes($0.metadata), assignment: WireBytes($0.assignment))
        }
    }
}
