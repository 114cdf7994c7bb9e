package import Millrace

/// Takes the records that tasks send. It is all that a task needs of a producer.
package protocol SenderPort: AnyObject {
    /// Returns a number that stands for a topic in `send`.
    func topic(named name: String) throws(PortError) -> Int

    /// Queues a record. Its bytes are copied before the call returns.
    ///
    /// - Parameters:
    ///   - partition: `nil` for Kafka's default partitioner: murmur2 of the key.
    ///   - timestampMs: −1 for the time of sending.
    func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers) throws(PortError)

    /// Returns the partition count of a topic.
    func partitionCount(of topic: Int) throws(PortError) -> Int32
}

/// Writes to topics, in transactions if the guarantee requires it. Belongs to one worker and its thread.
package protocol ProducerPort: SenderPort {
    /// Registers the transactional id, which fences the earlier owner and rolls back its open transaction.
    func initTransactions() throws(PortError)

    func beginTransaction() throws(PortError)

    /// Adds offsets to the transaction, with the member's metadata, and commits it. Blocks until everything is acknowledged.
    ///
    /// - Throws: `PortError` of kind `.staleGeneration` if the group has had another generation since, of kind `.producerLost` if
    ///   another producer has the transactional id.
    func commitTransaction(offsets: [TopicPartition: CommittedOffset], group: GroupMetadata) throws(PortError)

    /// Commits a transaction that has no offsets. Blocks until everything is acknowledged.
    ///
    /// - Throws: `PortError` of kind `.producerLost` if another producer has the transactional id.
    func commitTransaction() throws(PortError)

    func abortTransaction() throws(PortError)

    /// Waits until every queued record is acknowledged; throws the first delivery's error.
    func flush() throws(PortError)

    /// Serves acknowledgements; throws the first error of a delivery since the last call.
    func poll() throws(PortError)

    /// Returns one more than the highest acknowledged offset of the records that were sent to a partition by its number; `nil` if
    /// there are none.
    func nextOffset(of partition: TopicPartition) -> Int64?

    func close()
}
