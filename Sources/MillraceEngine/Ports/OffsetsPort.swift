package import Millrace

/// Reads and commits the offsets of a consumer group.
package protocol OffsetsPort: AnyObject {
    /// Returns the offsets that the group has committed; partitions without one are missing.
    ///
    /// - Parameter timeoutMs: the time-out; `nil` for that of other requests.
    func committed(
        _ partitions: [TopicPartition], withinMs timeoutMs: Int?
    ) throws(PortError) -> [TopicPartition: CommittedOffset]

    /// Commits offsets outside a transaction.
    ///
    /// - Throws: `PortError` of kind `.staleGeneration` if the group has had another generation since.
    func commit(_ offsets: [TopicPartition: CommittedOffset]) throws(PortError)
}

extension OffsetsPort {
    func committed(_ partitions: [TopicPartition]) throws(PortError) -> [TopicPartition: CommittedOffset] {
        try committed(partitions, withinMs: nil)
    }
}

/// An offset to commit, or one that was committed: the next one to read.
package struct CommittedOffset: Hashable, Sendable {
    package var offset: Int64
    package var metadata: String

    package init(offset: Int64, metadata: String) {
        self.offset = offset
        self.metadata = metadata
    }
}
