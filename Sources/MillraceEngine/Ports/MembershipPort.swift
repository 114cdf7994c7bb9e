package import Millrace

/// Membership of a consumer group. The polls of the reader that belongs to it keep it up.
package protocol MembershipPort: AnyObject {
    /// Joins the group to read these topics, anew where it was to read others; leaves it where there is none.
    func subscribe(to topics: [String]) throws(PortError)

    /// Returns what polls brought since the last call, in order. The reader's next assignment answers an event.
    func takeMembershipEvents() -> [MembershipEvent]

    /// The id that the coordinator gave this member; `nil` before it has joined.
    func memberID() -> String?

    /// The member's place in the generation whose assignment was told last.
    ///
    /// It stays what it is when the member is thrown out of the group, so that the coordinator refuses what is committed with it.
    ///
    /// - Throws: `PortError` of kind `.staleGeneration` where no assignment was told.
    func groupMetadata() throws(PortError) -> GroupMetadata
}

/// A member of a group that reads what its tasks are assigned. Kafka: `Consumer`.
package typealias GroupConsumer = MembershipPort & OffsetsPort & ReaderPort

/// A change of the group. Kafka: `ConsumerRebalanceListener`.
package enum MembershipEvent: Hashable, Sendable {
    /// The group has a new generation. The partitions are those of the coordinator's own assignor.
    case assigned([TopicPartition])
    /// The partitions have to be given up; what was done of them can be committed first.
    case revoked([TopicPartition])
    /// The partitions are gone, and may have another owner already.
    case lost([TopicPartition])
}

/// A member's place in its group at one moment: the group, the generation and the member's ids. The producer commits offsets with
/// it, and the coordinator refuses that of another generation (KIP-447).
package struct GroupMetadata: Hashable, Sendable {
    /// The place as the client of both the member and the producer encodes it.
    package let encoded: [UInt8]

    package init(encoded: [UInt8]) { self.encoded = encoded }
}
