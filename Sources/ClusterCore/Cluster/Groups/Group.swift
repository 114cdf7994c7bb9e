/// A group's members, generation and offsets, classic protocol.
///
/// Source: `org.apache.kafka.coordinator.group.classic.ClassicGroup`. ``Cluster`` drives it; the files beside this one have the
/// operations on groups.
final class Group {
    let id: String
    private(set) var state = GroupState.empty
    private(set) var previousState = GroupState.empty
    private(set) var stateSinceMs: Int64
    private(set) var generationID: Int32 = 0
    private(set) var protocolType: String?
    private(set) var protocolName: String?
    private(set) var leaderID: String?
    /// Topics of all members of a consumer group; nil if that is not known.
    private(set) var subscribedTopics: Set<String>?
    /// In joining order.
    private(set) var members: [GroupMember] = []
    private var membersByID: [String: GroupMember] = [:]
    /// The ids given with MEMBER_ID_REQUIRED, and the times at which they expire.
    private(set) var pendingMembers: [String: Int64] = [:]
    /// Members whose SyncGroup is missing.
    var missingSyncs: Set<String> = []

    /// The numbers of the running timers of the rebalance and of the missing syncs; older timers are ignored.
    var rebalanceRound: UInt64 = 0
    var syncRound: UInt64 = 0
    /// Whether a member joined during the initial delay, and by how much the delay may still be extended.
    var hasNewMember = false
    var initialDelayLeftMs: Int64 = 0

    /// Its last durable state.
    var durable: GroupEntry

    private(set) var offsets: [TopicPartition: StoredOffset] = [:]
    /// Offsets of open transactions by producer id.
    private(set) var pendingOffsets: [Int64: [TopicPartition: StoredOffset]] = [:]

    init(id: String, nowMs: Int64) {
        self.id = id
        stateSinceMs = nowMs
        durable = GroupEntry(groupID: id, generationID: 0, members: [], stateSinceMs: nowMs)
    }

    // MARK: members

    func member(_ memberID: String) -> GroupMember? { membersByID[memberID] }

    func staticMember(_ groupInstanceID: String) -> GroupMember? {
        members.first { $0.groupInstanceID == groupInstanceID }
    }

    func isLeader(_ memberID: String) -> Bool { leaderID == memberID }

    /// Refuses a member that is not there, or no longer the one with its instance id.
    func checkMember(_ memberID: String, _ groupInstanceID: String?) throws(KafkaError) {
        if let groupInstanceID {
            guard let current = staticMember(groupInstanceID) else { throw KafkaError(.unknownMemberID) }
            guard current.memberID == memberID else { throw KafkaError(.fencedInstanceID) }
        }
        guard membersByID[memberID] != nil else { throw KafkaError(.unknownMemberID) }
    }

    func add(_ member: GroupMember, protocolType type: String) {
        if members.isEmpty { protocolType = type }
        if leaderID == nil { leaderID = member.memberID }
        members.append(member)
        membersByID[member.memberID] = member
        pendingMembers[member.memberID] = nil
    }

    func remove(_ memberID: String) {
        if membersByID.removeValue(forKey: memberID) != nil { members.removeAll { $0.memberID == memberID } }
        if isLeader(memberID) { leaderID = members.first?.memberID }
        pendingMembers[memberID] = nil
        missingSyncs.remove(memberID)
    }

    func addPending(_ memberID: String, deadlineMs: Int64) {
        pendingMembers[memberID] = deadlineMs
    }

    /// Gives a static member another id, in its place.
    func replace(_ old: GroupMember, with new: GroupMember) {
        guard let index = members.firstIndex(where: { $0 === old }) else { return }
        members[index] = new
        membersByID[old.memberID] = nil
        membersByID[new.memberID] = new
        if isLeader(old.memberID) { leaderID = new.memberID }
    }

    /// The time that a rebalance waits: the longest that any member asks for.
    var rebalanceTimeoutMs: Int64 { Int64(members.map(\.rebalanceTimeoutMs).max() ?? 0) }

    var hasAllMembersJoined: Bool {
        pendingMembers.isEmpty && members.allSatisfy { $0.joinToken != nil }
    }

    /// Makes a present member the leader; false if none is present.
    func electJoinedLeader() -> Bool {
        guard let leaderID else { return false }
        if membersByID[leaderID]?.joinToken != nil { return true }
        guard let joined = members.first(where: { $0.joinToken != nil }) else { return false }
        self.leaderID = joined.memberID
        return true
    }

    // MARK: protocols

    /// Whether a member with these protocols can be in the group.
    func supports(_ type: String, _ protocols: [GroupProtocol]) -> Bool {
        if state == .empty { return !type.isEmpty && !protocols.isEmpty }
        guard type == protocolType else { return false }
        return protocols.contains { offered in
            members.allSatisfy { $0.protocols.contains { $0.name == offered.name } }
        }
    }

    /// The protocol that all members know and most prefer. Between equals, the first in the first member's list wins.
    func selectedProtocol() -> String? {
        guard let first = members.first else { return nil }
        let candidates = first.protocols.map(\.name).filter { name in
            members.allSatisfy { $0.protocols.contains { $0.name == name } }
        }
        var votes: [String: Int] = [:]
        for member in members {
            if let vote = member.protocols.first(where: { candidates.contains($0.name) }) {
                votes[vote.name, default: 0] += 1
            }
        }
        let most = votes.values.max()
        return candidates.first { votes[$0] == most }
    }

    // MARK: states

    func become(_ state: GroupState, nowMs: Int64) {
        previousState = self.state
        self.state = state
        stateSinceMs = nowMs
    }

    /// Begins the next generation with the present members.
    func beginGeneration(nowMs: Int64) {
        generationID += 1
        protocolName = selectedProtocol()
        subscribedTopics = currentSubscribedTopics()
        become(members.isEmpty ? .empty : .completingRebalance, nowMs: nowMs)
        missingSyncs.removeAll()
    }

    private func currentSubscribedTopics() -> Set<String>? {
        guard protocolType == "consumer" else { return nil }
        var topics: Set<String> = []
        for member in members {
            guard let subscribed = Subscription.topics(in: member.metadata(for: protocolName)) else { return nil }
            topics.formUnion(subscribed)
        }
        return topics
    }

    /// Whether a member reads the topic, as far as known.
    func isSubscribed(to topic: String) -> Bool {
        subscribedTopics?.contains(topic) ?? (protocolType == "consumer")
    }

    // MARK: durable state

    /// Makes its present state the durable one and returns it.
    func makeDurable() -> GroupEntry {
        durable = GroupEntry(
            groupID: id, generationID: generationID, protocolType: protocolType, protocolName: protocolName,
            leaderID: leaderID, members: members.map(\.entry), stateSinceMs: stateSinceMs)
        return durable
    }

    /// Restores a durable state: stable with its members, or empty.
    func restore(_ entry: GroupEntry) {
        durable = entry
        generationID = entry.generationID
        protocolType = entry.protocolType
        protocolName = entry.protocolName
        leaderID = entry.leaderID
        members = entry.members.map { GroupMember($0) }
        membersByID = Dictionary(members.map { ($0.memberID, $0) }) { $1 }
        state = members.isEmpty ? .empty : .stable
        previousState = state
        stateSinceMs = entry.stateSinceMs
        subscribedTopics = currentSubscribedTopics()
    }

    // MARK: offsets

    func commit(_ entries: [StoredOffsetEntry]) {
        for entry in entries { offsets[entry.partition] = entry.stored }
    }

    /// Keeps offsets until the producer's transaction is decided.
    func hold(_ entries: [StoredOffsetEntry], for producerID: Int64) {
        for entry in entries { pendingOffsets[producerID, default: [:]][entry.partition] = entry.stored }
    }

    /// Applies or drops a transaction's offsets; an offset committed after them stays.
    func decide(producerID: Int64, isCommit: Bool) {
        guard let decided = pendingOffsets.removeValue(forKey: producerID), isCommit else { return }
        for (partition, stored) in decided {
            if let current = offsets[partition], current.number > stored.number { continue }
            offsets[partition] = stored
        }
    }

    func deleteOffsets(of partitions: [TopicPartition]) {
        for partition in partitions {
            offsets[partition] = nil
            for producerID in pendingOffsets.keys {
                pendingOffsets[producerID]?[partition] = nil
                if pendingOffsets[producerID]?.isEmpty == true { pendingOffsets[producerID] = nil }
            }
        }
    }

    func hasPendingOffset(of partition: TopicPartition) -> Bool {
        pendingOffsets.contains { $0.value[partition] != nil }
    }

    /// Whether anything is committed for the partition, decided or not.
    func hasOffset(of partition: TopicPartition) -> Bool {
        offsets[partition] != nil || hasPendingOffset(of: partition)
    }
}

/// The subscription that members of consumer groups send as metadata.
enum Subscription {
    /// The topics in it; nil if the bytes are none. The format's later versions only add fields at the end.
    static func topics(in metadata: [UInt8]) -> [String]? {
        var position = 2
        guard metadata.count >= 6 else { return nil }
        let count: Int32 = metadata.loadBigEndian(at: position)
        position += 4
        guard count >= 0, Int(count) <= (metadata.count - position) / 2 else { return nil }
        var topics: [String] = []
        for _ in 0..<count {
            guard metadata.count - position >= 2 else { return nil }
            let length = Int(metadata.loadBigEndian(at: position) as Int16)
            position += 2
            guard length >= 0, length <= metadata.count - position else { return nil }
            topics.append(String(decoding: metadata[position..<(position + length)], as: UTF8.self))
            position += length
        }
        return topics
    }
}
