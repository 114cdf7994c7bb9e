/// The result of a poll.
package struct PolledBatch {
    /// Records in the order of their offsets within each partition; valid as long as this object lives.
    package let messages: ConsumedMessages
    /// Rebalances and errors in the order they arrived. Handle the messages first: they were read before.
    package let events: [ConsumerEvent]
}

/// Something other than a record.
package enum ConsumerEvent: Sendable, Hashable {
    /// The group gave these partitions to this member. Nothing is read until `assign` is called.
    case assigned([TopicPartition])
    /// The group takes these partitions away; `unassign` must follow, after their offsets have been committed.
    /// With `lost`, another member may own them already: commits will be refused.
    case revoked([TopicPartition], lost: Bool)
    /// All records of the partition up to `offset` were read. Only with `enable.partition.eof=true`.
    case endOfPartition(slot: Int, offset: Int64)
    /// An error of one partition, or of the client. Reading continues unless it is fatal.
    case error(KafkaError, TopicPartition?)
}
