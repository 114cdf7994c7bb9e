extension Cluster {
    /// The time that a new member's JoinGroup may wait before the member counts as gone, as in Kafka.
    private static let newMemberJoinTimeoutMs: Int64 = 300_000

    /// Joins a group. The answer comes when all members have joined or the rebalance timeout is over.
    package func joinGroup(_ request: JoinGroupRequest, nowMs: Int64) -> Deferred<JoinGroupAnswer> {
        let token = newToken()
        if let refused = join(request, token, nowMs: nowMs) { return .answered(refused) }
        if case .join(let answer)? = takeCompletedNow(token) { return .answered(answer) }
        return .pending(token)
    }

    /// Nil if the answer comes through the token, now or later.
    private func join(_ request: JoinGroupRequest, _ token: GroupToken, nowMs: Int64) -> JoinGroupAnswer? {
        guard !request.groupID.isEmpty else { return Self.refused(.invalidGroupID, request.memberID) }
        guard request.sessionTimeoutMs >= configuration.minSessionTimeoutMs,
            request.sessionTimeoutMs <= configuration.maxSessionTimeoutMs
        else { return Self.refused(.invalidSessionTimeout) }
        guard request.protocols.count <= configuration.maxProtocolsPerMember else {
            return Self.refused(.inconsistentGroupProtocol, request.memberID)
        }
        // In Kafka the group's record would be too large; it has no more specific error.
        guard request.protocols.reduce(0, { $0 + $1.metadata.count }) <= configuration.maxGroupMetadataBytes else {
            return Self.refused(.unknownServerError, request.memberID)
        }
        guard groups[request.groupID] != nil || request.memberID.isEmpty else {
            return Self.refused(.unknownMemberID, request.memberID)
        }
        let isNewGroup = groups[request.groupID] == nil
        let group = groupMaking(request.groupID, nowMs: nowMs)
        if isNewGroup { recordChange(of: group.makeDurable()) }
        guard hasRoom(group, for: request.memberID) else {
            group.remove(request.memberID)
            return Self.refused(.groupMaxSizeReached)
        }
        guard group.supports(request.protocolType, request.protocols) else {
            return Self.refused(.inconsistentGroupProtocol, request.memberID)
        }
        return request.memberID.isEmpty
            ? joinNew(request, group, token, nowMs: nowMs) : joinKnown(request, group, token, nowMs: nowMs)
    }

    private static func refused(_ error: KafkaErrorCode, _ memberID: String = "") -> JoinGroupAnswer {
        JoinGroupAnswer(error: error, memberID: memberID)
    }

    private func hasRoom(_ group: Group, for memberID: String) -> Bool {
        switch group.state {
        case .empty, .dead: true
        case .preparingRebalance:
            group.member(memberID)?.joinToken != nil
                || group.members.count { $0.joinToken != nil } < configuration.maxGroupSize
        case .completingRebalance, .stable:
            group.member(memberID) != nil || group.members.count < configuration.maxGroupSize
        }
    }

    private func joinNew(_ request: JoinGroupRequest, _ group: Group, _ token: GroupToken, nowMs: Int64)
        -> JoinGroupAnswer?
    {
        let memberID = "\(request.groupInstanceID ?? request.clientID)-\(identifiers.nextUUIDText())"
        if let instanceID = request.groupInstanceID {
            if let known = group.staticMember(instanceID) {
                replace(known, with: memberID, request, group, token, nowMs: nowMs)
                return nil
            }
        } else if request.requiresKnownMemberID {
            let deadline = nowMs.later(byMs: Int64(request.sessionTimeoutMs))
            group.addPending(memberID, deadlineMs: deadline)
            timers.add(.session(groupID: group.id, memberID: memberID), at: deadline)
            return Self.refused(.memberIDRequired, memberID)
        }
        add(memberID, request, group, token, nowMs: nowMs)
        return nil
    }

    private func add(
        _ memberID: String, _ request: JoinGroupRequest, _ group: Group, _ token: GroupToken, nowMs: Int64
    ) {
        let member = GroupMember(memberID, request)
        member.isNew = true
        member.joinToken = token
        if group.state == .preparingRebalance, group.previousState == .empty { group.hasNewMember = true }
        group.add(member, protocolType: request.protocolType)
        extendSession(of: member, in: group, byMs: Self.newMemberJoinTimeoutMs, nowMs: nowMs)
        rebalanceOrComplete(group, nowMs: nowMs)
    }

    private func joinKnown(_ request: JoinGroupRequest, _ group: Group, _ token: GroupToken, nowMs: Int64)
        -> JoinGroupAnswer?
    {
        let memberID = request.memberID
        if group.pendingMembers[memberID] != nil, request.groupInstanceID == nil {
            add(memberID, request, group, token, nowMs: nowMs)
            return nil
        }
        do { try group.checkMember(memberID, request.groupInstanceID) } catch {
            return Self.refused(error.code, memberID)
        }
        guard let member = group.member(memberID) else { return Self.refused(.unknownMemberID, memberID) }
        let isUnchanged = member.protocols == request.protocols
        switch group.state {
        case .completingRebalance where isUnchanged:
            return currentGeneration(of: group, for: memberID, withMembers: group.isLeader(memberID))
        case .stable where isUnchanged && !group.isLeader(memberID):
            return currentGeneration(of: group, for: memberID, withMembers: false)
        case .preparingRebalance, .completingRebalance, .stable:
            update(member, request, token)
            rebalanceOrComplete(group, nowMs: nowMs)
            return nil
        case .empty, .dead: return Self.refused(.unknownMemberID, memberID)
        }
    }

    private func update(_ member: GroupMember, _ request: JoinGroupRequest, _ token: GroupToken) {
        member.protocols = request.protocols
        member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
        member.sessionTimeoutMs = request.sessionTimeoutMs
        // Kafka forgets a request that the member repeats; here each token gets its answer.
        if let former = member.joinToken {
            complete(former, .join(Self.refused(.rebalanceInProgress, member.memberID)))
        }
        member.joinToken = token
    }

    private func currentGeneration(of group: Group, for memberID: String, withMembers: Bool) -> JoinGroupAnswer {
        JoinGroupAnswer(
            generationID: group.generationID, protocolType: group.protocolType, protocolName: group.protocolName,
            leaderID: group.leaderID ?? "", memberID: memberID, members: withMembers ? Self.members(of: group) : [])
    }

    private static func members(of group: Group) -> [JoinedMember] {
        group.members.map {
            JoinedMember(
                memberID: $0.memberID, groupInstanceID: $0.groupInstanceID,
                metadata: $0.metadata(for: group.protocolName))
        }
    }

    /// A static member came back under a new id (KIP-345); the old id is fenced.
    private func replace(
        _ old: GroupMember, with memberID: String, _ request: JoinGroupRequest, _ group: Group, _ token: GroupToken,
        nowMs: Int64
    ) {
        let formerLeader = group.leaderID ?? ""
        answerJoin(of: old, Self.refused(.fencedInstanceID, old.memberID))
        answerSync(of: old, SyncGroupAnswer(error: .fencedInstanceID))
        let member = GroupMember(replacing: old, with: memberID)
        group.replace(old, with: member)
        group.missingSyncs.remove(old.memberID)
        extendSession(of: member, in: group, nowMs: nowMs)
        update(member, request, token)
        switch group.state {
        case .stable where group.selectedProtocol() == group.protocolName:
            recordChange(of: group.makeDurable())
            let isLeader = group.isLeader(memberID)
            var answer = currentGeneration(
                of: group, for: memberID, withMembers: isLeader && request.supportsSkippingAssignment)
            if request.supportsSkippingAssignment {
                answer.skipsAssignment = isLeader
            } else {
                // Before KIP-814 a leader that came back must not learn that it leads, or it would assign again.
                answer.leaderID = formerLeader
            }
            answerJoin(of: member, answer)
        case .stable: rebalanceOrComplete(group, nowMs: nowMs)
        case .completingRebalance: prepareRebalance(of: group, nowMs: nowMs)
        case .preparingRebalance, .empty, .dead: completeJoinIfAllThere(group, nowMs: nowMs)
        }
    }

    func answerJoin(of member: GroupMember, _ answer: JoinGroupAnswer) {
        guard let token = member.joinToken else { return }
        member.joinToken = nil
        complete(token, .join(answer))
    }

    func answerSync(of member: GroupMember, _ answer: SyncGroupAnswer) {
        guard let token = member.syncToken else { return }
        member.syncToken = nil
        complete(token, .sync(answer))
    }

    /// Answers all members that joined and begins the next generation with them.
    func completeJoin(of group: Group, nowMs: Int64) {
        group.rebalanceRound = 0
        for member in group.members where member.joinToken == nil && member.groupInstanceID == nil {
            group.remove(member.memberID)
        }
        if !group.members.isEmpty, !group.electJoinedLeader() {
            // Only static members that did not come: they have until their sessions end.
            setRebalanceTimer(of: group, afterMs: group.rebalanceTimeoutMs, nowMs: nowMs)
            return
        }
        group.beginGeneration(nowMs: nowMs)
        if group.state == .empty {
            recordChange(of: group.makeDurable())
            return
        }
        for member in group.members {
            let answer = currentGeneration(
                of: group, for: member.memberID, withMembers: group.isLeader(member.memberID))
            answerJoin(of: member, answer)
            extendSession(of: member, in: group, nowMs: nowMs)
            member.isNew = false
            group.missingSyncs.insert(member.memberID)
        }
        group.syncRound = newToken().number
        timers.add(
            .sync(groupID: group.id, round: group.syncRound), at: nowMs.later(byMs: group.rebalanceTimeoutMs))
    }
}
