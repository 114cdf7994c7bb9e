package import Millrace

/// Writes to topics, in transactions where the guarantee asks for it. Belongs to one worker and its thread.
package protocol ProducerPort: AnyObject {
    /// Registers the transactional id, fencing whoever had it and rolling its open transaction back.
    func initTransactions() throws(PortError)

    func beginTransaction() throws(PortError)

    /// Puts offsets into the transaction, with the group's metadata, and commits it. Blocks until all is acknowledged.
    func commitTransaction(offsets: [TopicPartition: CommittedOffset], group: GroupMetadata) throws(PortError)

    func abortTransaction() throws(PortError)

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

    /// How many partitions a topic has; 1 for a producer that writes to no cluster.
    func partitionCount(of topic: Int) throws(PortError) -> Int32

    /// Waits until every queued record is acknowledged; throws the first delivery's error.
    func flush() throws(PortError)

    /// Serves acknowledgements; throws the first error of a delivery since the last call.
    func poll() throws(PortError)

    /// One more than the highest offset acknowledged in a partition; `nil` where nothing was sent.
    func nextOffset(of partition: TopicPartition) -> Int64?

    func close()
}

extension ProducerPort {
    package func partitionCount(of topic: Int) throws(PortError) -> Int32 { 1 }
}
