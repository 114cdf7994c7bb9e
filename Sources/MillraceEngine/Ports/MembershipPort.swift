package import Millrace

/// Membership of a consumer group. The polls of the member's reader keep it alive.
package protocol MembershipPort: AnyObject {
    /// Joins the group to read these topics, and joins it again if the topics have changed; leaves it if there are none.
    func subscribe(to topics: [String]) throws(PortError)

    /// Returns the group's events since the last call, in order. The reader's next assignment answers an event.
    func takeMembershipEvents() -> [MembershipEvent]

    /// Returns the id that the coordinator gave this member; `nil` before it has joined.
    func memberID() -> String?

    /// Returns the member's metadata in the generation whose assignment was announced last.
    ///
    /// The metadata stay the same when the member is fenced, so that the coordinator refuses whatever is committed with them.
    ///
    /// - Throws: `PortError` of kind `.staleGeneration` if no assignment was announced.
    func groupMetadata() throws(PortError) -> GroupMetadata
}

/// A member of a group that reads the partitions of its tasks. Kafka: `Consumer`.
package typealias GroupConsumer = MembershipPort & OffsetsPort & ReaderPort

/// A change of the group. Kafka: `ConsumerRebalanceListener`.
package enum MembershipEvent: Hashable, Sendable {
    /// The group has a new generation. The partitions are those of the coordinator's own assignor.
    case assigned([TopicPartition])
    /// The partitions have to be given up. What was processed of them can be committed first.
    case revoked([TopicPartition])
    /// The partitions are gone, and may have another owner already.
    case lost([TopicPartition])
}

/// The identity of a member at one moment: the group, the generation and the member's ids. The producer commits offsets with it,
/// and the coordinator refuses that of another generation (KIP-447).
package struct GroupMetadata: Hashable, Sendable {
    /// The identity as the client of both the member and the producer encodes it.
    package let encoded: [UInt8]

    package init(encoded: [UInt8]) { self.encoded = encoded }
}
