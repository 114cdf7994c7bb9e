package import Millrace

/// Takes the records that tasks send. A task needs no more of a producer.
package protocol SenderPort: AnyObject {
    /// A number that stands for a topic in `send`.
    func topic(named name: String) throws(PortError) -> Int

    /// Queues a record. Its bytes are copied before the call returns.
    ///
    /// - Parameters:
    ///   - partition: `nil` for Kafka's default partitioner: murmur2 of the key.
    ///   - timestampMs: −1 for the moment of sending.
    func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers) throws(PortError)

    /// How many partitions a topic has.
    func partitionCount(of topic: Int) throws(PortError) -> Int32
}

/// Writes to topics, in transactions where the guarantee asks for it. Belongs to one worker and its thread.
package protocol ProducerPort: SenderPort {
    /// Registers the transactional id, fencing whoever had it and rolling its open transaction back.
    func initTransactions() throws(PortError)

    func beginTransaction() throws(PortError)

    /// Puts offsets into the transaction, with the member's place in the group, and commits it. Blocks until all is acknowledged.
    ///
    /// - Throws: `PortError` of kind `.staleGeneration` where the group has had another generation since, of kind
    ///   `.producerLost` where another producer has the transactional id.
    func commitTransaction(offsets: [TopicPartition: CommittedOffset], group: GroupMetadata) throws(PortError)

    func abortTransaction() throws(PortError)

    /// Waits until every queued record is acknowledged; throws the first delivery's error.
    func flush() throws(PortError)

    /// Serves acknowledgements; throws the first error of a delivery since the last call.
    func poll() throws(PortError)

    /// One more than the highest offset acknowledged of what was sent to a partition by its number; `nil` where nothing was.
    func nextOffset(of partition: TopicPartition) -> Int64?

    func close()
}
