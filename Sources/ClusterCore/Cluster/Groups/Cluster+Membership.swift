extension Cluster {
    /// Asks for the member's assignment. The leader's request carries all assignments; the answer comes once that has arrived.
    package func syncGroup(_ request: SyncGroupRequest, nowMs: Int64) -> Deferred<SyncGroupAnswer> {
        guard !request.groupID.isEmpty else { return .answered(SyncGroupAnswer(error: .invalidGroupID)) }
        guard let group = groups[request.groupID], group.state != .empty else {
            return .answered(SyncGroupAnswer(error: .unknownMemberID))
        }
        guard request.assignments.values.reduce(0, { $0 + $1.count }) <= configuration.maxGroupMetadataBytes else {
            return .answered(SyncGroupAnswer(error: .unknownServerError))
        }
        do { try check(request, in: group) } catch { return .answered(SyncGroupAnswer(error: error.code)) }
        guard let member = group.member(request.memberID) else {
            return .answered(SyncGroupAnswer(error: .unknownMemberID))
        }
        switch group.state {
        case .stable:
            group.missingSyncs.remove(request.memberID)
            return .answered(assignment(of: member, in: group))
        case .completingRebalance:
            group.missingSyncs.remove(request.memberID)
            if let former = member.syncToken { complete(former, .sync(SyncGroupAnswer(error: .rebalanceInProgress))) }
            let token = newToken()
            member.syncToken = token
            if group.isLeader(request.memberID) { assign(request.assignments, in: group, nowMs: nowMs) }
            if case .sync(let answer)? = takeCompletedNow(token) { return .answered(answer) }
            return .pending(token)
        case .preparingRebalance: return .answered(SyncGroupAnswer(error: .rebalanceInProgress))
        case .empty, .dead: return .answered(SyncGroupAnswer(error: .unknownMemberID))
        }
    }

    private func check(_ request: SyncGroupRequest, in group: Group) throws(KafkaError) {
        try group.checkMember(request.memberID, request.groupInstanceID)
        guard request.generationID == group.generationID else { throw KafkaError(.illegalGeneration) }
        guard request.protocolType == nil || group.protocolType == nil || request.protocolType == group.protocolType,
            request.protocolName == nil || group.protocolName == nil || request.protocolName == group.protocolName
        else { throw KafkaError(.inconsistentGroupProtocol) }
    }

    private func assignment(of member: GroupMember, in group: Group) -> SyncGroupAnswer {
        SyncGroupAnswer(
            protocolType: group.protocolType, protocolName: group.protocolName, assignment: member.assignment)
    }

    private func assign(_ assignments: [String: [UInt8]], in group: Group, nowMs: Int64) {
        for member in group.members { member.assignment = assignments[member.memberID] ?? [] }
        group.become(.stable, nowMs: nowMs)
        recordChange(of: group.makeDurable())
        for member in group.members where member.syncToken != nil {
            answerSync(of: member, assignment(of: member, in: group))
            extendSession(of: member, in: group, nowMs: nowMs)
        }
    }

    /// Keeps a member's session alive.
    /// - Throws: INVALID_GROUP_ID, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS when
    ///   the member must join again.
    package func heartbeat(_ member: GroupMembership, nowMs: Int64) throws(KafkaError) {
        guard !member.groupID.isEmpty else { throw KafkaError(.invalidGroupID) }
        guard let group = groups[member.groupID] else { throw KafkaError(.unknownMemberID) }
        try group.checkMember(member.memberID, member.groupInstanceID)
        guard member.generationID == group.generationID else { throw KafkaError(.illegalGeneration) }
        guard let known = group.member(member.memberID), group.state != .empty else {
            throw KafkaError(.unknownMemberID)
        }
        extendSession(of: known, in: group, nowMs: nowMs)
        if group.state == .preparingRebalance { throw KafkaError(.rebalanceInProgress) }
    }

    /// Takes members out of a group; the outcome of each, in the order given.
    /// - Throws: INVALID_GROUP_ID, UNKNOWN_MEMBER_ID for a group that is not there.
    package func leaveGroup(_ groupID: String, members: [LeavingMember], nowMs: Int64) throws(KafkaError)
        -> [KafkaErrorCode]
    {
        guard !groupID.isEmpty else { throw KafkaError(.invalidGroupID) }
        guard let group = groups[groupID] else { throw KafkaError(.unknownMemberID) }
        let outcomes = members.map { leave($0, group) }
        guard outcomes.contains(.none) else { return outcomes }
        switch group.state {
        case .stable, .completingRebalance: prepareRebalance(of: group, nowMs: nowMs)
        case .preparingRebalance: completeJoinIfAllThere(group, nowMs: nowMs)
        case .empty, .dead: break
        }
        return outcomes
    }

    private func leave(_ leaving: LeavingMember, _ group: Group) -> KafkaErrorCode {
        var memberID = leaving.memberID
        if memberID.isEmpty {
            guard let instanceID = leaving.groupInstanceID, let member = group.staticMember(instanceID) else {
                return .unknownMemberID
            }
            memberID = member.memberID
        } else if group.pendingMembers[memberID] != nil {
            group.remove(memberID)
            return .none
        } else {
            do { try group.checkMember(memberID, leaving.groupInstanceID) } catch { return error.code }
        }
        if let member = group.member(memberID) {
            answerJoin(of: member, JoinGroupAnswer(error: .unknownMemberID))
            answerSync(of: member, SyncGroupAnswer(error: .unknownMemberID))
        }
        group.remove(memberID)
        return .none
    }
}
