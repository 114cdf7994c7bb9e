extension Cluster {
    /// Starts a rebalance, or checks whether the one under way can end.
    func rebalanceOrComplete(_ group: Group, nowMs: Int64) {
        switch group.state {
        case .empty, .completingRebalance, .stable: prepareRebalance(of: group, nowMs: nowMs)
        case .preparingRebalance, .dead: completeJoinIfAllThere(group, nowMs: nowMs)
        }
    }

    /// Sends all members back to join again.
    func prepareRebalance(of group: Group, nowMs: Int64) {
        if group.state == .completingRebalance {
            for member in group.members {
                member.assignment = []
                if member.syncToken != nil { extendSession(of: member, in: group, nowMs: nowMs) }
                answerSync(of: member, SyncGroupAnswer(error: .rebalanceInProgress))
            }
        }
        group.missingSyncs.removeAll()
        group.syncRound = 0
        let isInitial = group.state == .empty
        group.become(.preparingRebalance, nowMs: nowMs)
        if isInitial {
            let delayMs = Int64(configuration.initialRebalanceDelayMs)
            if delayMs == 0 { return completeJoin(of: group, nowMs: nowMs) }
            group.hasNewMember = false
            group.initialDelayLeftMs = max(group.rebalanceTimeoutMs.earlier(byMs: delayMs), 0)
            setRebalanceTimer(of: group, afterMs: delayMs, nowMs: nowMs)
        } else if group.hasAllMembersJoined {
            completeJoin(of: group, nowMs: nowMs)
        } else {
            setRebalanceTimer(of: group, afterMs: group.rebalanceTimeoutMs, nowMs: nowMs)
        }
    }

    /// Ends the wait for members if nobody is missing; an initial delay is waited out.
    func completeJoinIfAllThere(_ group: Group, nowMs: Int64) {
        guard group.state == .preparingRebalance, group.previousState != .empty, group.hasAllMembersJoined else {
            return
        }
        completeJoin(of: group, nowMs: nowMs)
    }

    func setRebalanceTimer(of group: Group, afterMs: Int64, nowMs: Int64) {
        group.rebalanceRound = newToken().number
        timers.add(.rebalance(groupID: group.id, round: group.rebalanceRound), at: nowMs.later(byMs: afterMs))
    }

    func rebalanceTimerFired(_ groupID: String, round: UInt64, nowMs: Int64) {
        guard let group = groups[groupID], group.rebalanceRound == round, group.state == .preparingRebalance else {
            return
        }
        if group.previousState == .empty, group.hasNewMember, group.initialDelayLeftMs > 0 {
            let delayMs = min(Int64(configuration.initialRebalanceDelayMs), group.initialDelayLeftMs)
            group.hasNewMember = false
            group.initialDelayLeftMs = group.initialDelayLeftMs.earlier(byMs: delayMs)
            setRebalanceTimer(of: group, afterMs: delayMs, nowMs: nowMs)
        } else {
            completeJoin(of: group, nowMs: nowMs)
        }
    }

    /// Members that took their generation but never asked for their assignment are removed.
    func syncTimerFired(_ groupID: String, round: UInt64, nowMs: Int64) {
        guard let group = groups[groupID], group.syncRound == round, !group.missingSyncs.isEmpty,
            group.state == .completingRebalance || group.state == .stable
        else { return }
        for memberID in group.missingSyncs.sorted() { group.remove(memberID) }
        prepareRebalance(of: group, nowMs: nowMs)
    }

    // MARK: sessions

    /// Starts a member's session again from now.
    func extendSession(of member: GroupMember, in group: Group, byMs: Int64? = nil, nowMs: Int64) {
        member.sessionDeadlineMs = nowMs.later(byMs: byMs ?? Int64(member.sessionTimeoutMs))
        setSessionTimer(of: member, in: group)
    }

    /// A timer that is set already serves unless it is too late: when it fires, the rest is waited for.
    private func setSessionTimer(of member: GroupMember, in group: Group) {
        if let timerMs = member.timerMs, timerMs <= member.sessionDeadlineMs { return }
        member.timerMs = member.sessionDeadlineMs
        timers.add(.session(groupID: group.id, memberID: member.memberID), at: member.sessionDeadlineMs)
    }

    func sessionTimerFired(_ groupID: String, _ memberID: String, deadlineMs: Int64, nowMs: Int64) {
        guard let group = groups[groupID] else { return }
        if let pendingUntilMs = group.pendingMembers[memberID] {
            guard pendingUntilMs <= nowMs else { return }
            group.remove(memberID)
            completeJoinIfAllRemaining(group, nowMs: nowMs)
            return
        }
        guard let member = group.member(memberID) else { return }
        if member.timerMs == deadlineMs { member.timerMs = nil }
        if member.sessionDeadlineMs > nowMs {
            setSessionTimer(of: member, in: group)
        } else if !member.isExcused {
            // Kafka tells a waiting new member to retry, in case it is still there.
            answerJoin(of: member, JoinGroupAnswer(error: .unknownMemberID))
            group.remove(memberID)
            if group.state == .stable || group.state == .completingRebalance {
                prepareRebalance(of: group, nowMs: nowMs)
            } else {
                completeJoinIfAllRemaining(group, nowMs: nowMs)
            }
        }
    }

    private func completeJoinIfAllRemaining(_ group: Group, nowMs: Int64) {
        if group.state == .preparingRebalance, group.hasAllMembersJoined { completeJoin(of: group, nowMs: nowMs) }
    }
}
