/// A member as it survives a restart.
struct GroupMemberEntry: Hashable, Sendable {
    var memberID: String
    var groupInstanceID: String?
    var clientID: String
    var clientHost: String
    var sessionTimeoutMs: Int32
    var rebalanceTimeoutMs: Int32
    var protocols: [GroupProtocol]
    var assignment: [UInt8]
}

/// A group as it survives a restart: written when an assignment is made, when the last member goes, and when a static
/// member is replaced, as Kafka does.
package struct GroupEntry: Hashable, Sendable {
    var groupID: String
    var generationID: Int32
    /// Nil for a group that only has offsets.
    var protocolType: String?
    var protocolName: String?
    var leaderID: String?
    /// In joining order.
    var members: [GroupMemberEntry]
    /// The time since which it is in its state.
    var stateSinceMs: Int64
}

/// A committed offset with what decides whether a later one replaces it.
package struct StoredOffset: Hashable, Sendable {
    var offset: CommittedOffset
    var commitMs: Int64
    /// Counts the commits of the cluster: of a plain and a transactional commit the one sent later wins.
    var number: UInt64
}

/// A partition's offset in a change.
package struct StoredOffsetEntry: Hashable, Sendable {
    var partition: TopicPartition
    var stored: StoredOffset
}
