import ClusterCore
import Millrace
import MillraceEngine

/// A consumer's membership in its group, as the client library manages it: join, sync and heartbeat, and again after each
/// rebalance.
///
/// Joining is eager: the member gives up its assigned partitions before it joins again. The leader assigns itself all
/// subscribed topics, because the members of a streams group compute their assignment themselves.
final class SimulatedMembership {
    private enum Phase {
        case unsubscribed
        /// Not in the group; joins with the next turn.
        case outside
        case joining(GroupToken, brokerLife: Int)
        case syncing(GroupToken, brokerLife: Int)
        case stable
        /// The member has to rebalance, and waits until its partitions are given up.
        case revoking
    }

    private unowned let consumer: SimulatedConsumer
    private var phase = Phase.unsubscribed
    private var topics: [String] = []
    private var memberID = ""
    private var generation: Int32 = -1
    /// The membership that the consumer was told of last.
    private(set) var told: GroupMembership?
    private var hasAssignment = false
    /// Whether the consumer has yet to answer its assignment. Until then librdkafka checks for no rebalance.
    private var isAssignAwaited = false
    /// Whether the subscription was made again, so that the member has to join again.
    private var mustRejoin = false
    private var lastHeartbeat = Moment.epoch

    static let sessionTimeoutMs: Int32 = 6_000
    private static let heartbeatInterval = TimeSpan(ms: 300)

    init(_ consumer: SimulatedConsumer) { self.consumer = consumer }

    private var world: SimulatedWorld { consumer.world }

    var current: GroupMembership {
        GroupMembership(
            groupID: consumer.settings.groupID, generationID: generation, memberID: memberID,
            groupInstanceID: consumer.settings.instanceID)
    }

    func subscribe(to topics: [String]) {
        self.topics = topics
        if topics.isEmpty {
            leave(isForGood: true)
            (memberID, generation, hasAssignment, mustRejoin) = ("", -1, false, false)
            told = nil
            return
        }
        if case .unsubscribed = phase { phase = .outside }
        if case .stable = phase { mustRejoin = true }
    }

    /// Notes the consumer's answer to its assignment. With nothing to read it gives the assignment up, and the member joins
    /// again.
    func assigned(nothing: Bool) {
        isAssignAwaited = false
        guard nothing, hasAssignment else { return }
        hasAssignment = false
        phase = .outside
    }

    /// - Parameter isForGood: whether a static member leaves too, as it does when it gives up its subscription.
    func leave(isForGood: Bool = false) {
        guard case .unsubscribed = phase else {
            phase = .unsubscribed
            // A static member stays in the group until its session ends (KIP-345).
            let stays = consumer.settings.instanceID != nil && !isForGood
            if stays || memberID.isEmpty || consumer.process.isDead { return }
            _ = try? world.request("leave group", for: .membership, by: consumer.process) { () throws(KafkaError) in
                try world.cluster.leaveGroup(
                    consumer.settings.groupID, members: [LeavingMember(memberID: memberID)], nowMs: world.clock.nowMs)
            }
            return
        }
    }

    /// Does the work that is due, and returns the events for the consumer.
    func advance() throws(PortError) -> [MembershipEvent] {
        switch phase {
        case .unsubscribed, .revoking: return []
        case .outside: return try join()
        case .joining(let token, let life):
            if life != world.brokerLife { phase = .outside }
            guard case .join(let answer)? = world.takeAnswer(token) else { return [] }
            return try joined(answer)
        case .syncing(let token, let life):
            if life != world.brokerLife { phase = .outside }
            guard case .sync(let answer)? = world.takeAnswer(token) else { return [] }
            return try synced(answer)
        case .stable:
            if mustRejoin {
                mustRejoin = false
                return revoke(lost: false)
            }
            return try heartbeat()
        }
    }

    private func join() throws(PortError) -> [MembershipEvent] {
        var request = JoinGroupRequest(groupID: consumer.settings.groupID)
        request.memberID = memberID
        request.groupInstanceID = consumer.settings.instanceID
        request.clientID = consumer.settings.clientID
        request.sessionTimeoutMs = Self.sessionTimeoutMs
        request.rebalanceTimeoutMs = 10_000
        request.protocols = [GroupProtocol(name: "range", metadata: Array(topics.joined(separator: "\n").utf8))]
        let answer = try world.request("join group", for: .membership, by: consumer.process) { () throws(KafkaError) in
            world.cluster.joinGroup(request, nowMs: world.clock.nowMs)
        }
        switch answer {
        case .answered(let answer): return try joined(answer)
        case .pending(let token):
            phase = .joining(token, brokerLife: world.brokerLife)
            return []
        }
    }

    private func joined(_ answer: JoinGroupAnswer) throws(PortError) -> [MembershipEvent] {
        phase = .outside
        switch answer.error {
        case .none: break
        case .memberIDRequired:
            memberID = answer.memberID
            return []
        case .unknownMemberID:
            memberID = ""
            return []
        case .fencedInstanceID: throw PortError(KafkaError(.fencedInstanceID), in: .membership, during: "join group")
        default: return []
        }
        memberID = answer.memberID
        generation = answer.generationID
        var request = SyncGroupRequest(
            groupID: consumer.settings.groupID, generationID: generation, memberID: memberID,
            groupInstanceID: consumer.settings.instanceID)
        request.assignments = Dictionary(uniqueKeysWithValues: answer.members.map { ($0.memberID, []) })
        if answer.members.contains(where: { $0.memberID == memberID }) {
            let partitions = SimulatedAssignment(of: answer.members.map(\.metadata), in: world.cluster)
            request.assignments[memberID] = partitions.bytes
        }
        let deferred = try world.request("sync group", for: .membership, by: consumer.process) {
            () throws(KafkaError) in
            world.cluster.syncGroup(request, nowMs: world.clock.nowMs)
        }
        switch deferred {
        case .answered(let answer): return try synced(answer)
        case .pending(let token):
            phase = .syncing(token, brokerLife: world.brokerLife)
            return []
        }
    }

    private func synced(_ answer: SyncGroupAnswer) throws(PortError) -> [MembershipEvent] {
        phase = .outside
        switch answer.error {
        case .none: break
        case .unknownMemberID:
            memberID = ""
            return []
        case .fencedInstanceID: throw PortError(KafkaError(.fencedInstanceID), in: .membership, during: "sync group")
        default: return []
        }
        phase = .stable
        hasAssignment = true
        told = current
        isAssignAwaited = true
        lastHeartbeat = world.clock.monotonic
        world.log("\(consumer.process.name): is in generation \(generation) as \(memberID)")
        return [.assigned([])]
    }

    private func heartbeat() throws(PortError) -> [MembershipEvent] {
        guard world.clock.monotonic - lastHeartbeat >= Self.heartbeatInterval else { return [] }
        lastHeartbeat = world.clock.monotonic
        var refused: KafkaErrorCode?
        let member = current
        try world.request("heartbeat of generation \(generation)", for: .membership, by: consumer.process) {
            () throws(KafkaError) in
            do throws(KafkaError) {
                try world.cluster.heartbeat(member, nowMs: world.clock.nowMs)
            } catch {
                refused = error.code
            }
        }
        switch refused {
        case nil: return []
        case .fencedInstanceID: throw PortError(KafkaError(.fencedInstanceID), in: .membership, during: "heartbeat")
        case .rebalanceInProgress: return isAssignAwaited ? [] : revoke(lost: false)
        case .unknownMemberID:
            memberID = ""
            return revoke(lost: true)
        default: return revoke(lost: true)
        }
    }

    private func revoke(lost: Bool) -> [MembershipEvent] {
        phase = hasAssignment ? .revoking : .outside
        return hasAssignment ? [lost ? .lost([]) : .revoked([])] : []
    }
}
