/// The coordinator's state of a transactional id, all of it durable.
///
/// Source: `kafka.coordinator.transaction.TransactionMetadata`.
package struct TransactionEntry: Hashable, Sendable {
    var transactionalID: String
    /// The epoch is -1 until the first InitProducerId is through.
    var producer: ProducerIdentity
    /// The id before the last rotation; -1 without one.
    var previousProducerID: Int64 = -1
    /// The epoch before the last bump that the producer asked for itself; -1 after any other.
    var lastEpoch: Int16 = -1
    var timeoutMs: Int32
    var state: TransactionState = .empty
    /// The open transaction's partitions, in order.
    var partitions: [TopicPartition] = []
    /// Groups with offsets in the open transaction, in order.
    var groups: [String] = []
    /// The time at which the first partition or group was added; -1 without a transaction.
    var startMs: Int64 = -1
    var lastUpdateMs: Int64

    /// Kafka leaves the largest epoch to the coordinator, so that it can always fence.
    static let largestEpochForProducers = Int16.max - 1

    var isEpochExhausted: Bool { producer.epoch >= Self.largestEpochForProducers }

    /// The time at which an open transaction is rolled back.
    var deadlineMs: Int64? { state == .ongoing ? startMs.later(byMs: Int64(timeoutMs)) : nil }

    var description: TransactionDescription {
        TransactionDescription(
            transactionalID: transactionalID, producer: producer, timeoutMs: timeoutMs, state: state,
            startMs: startMs, partitions: partitions)
    }
}
