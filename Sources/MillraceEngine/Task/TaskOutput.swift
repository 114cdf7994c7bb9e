import Millrace

/// A topic that a task writes to.
final class TaskOutput: RecordOutput {
    private let number: Int
    /// The number of partitions that have tasks, if the topic is an internal one.
    private let plannedCount: Int32?
    /// The number of records without a key that were sent to the topic.
    private var keylessCount: Int32 = 0
    private let producer: any SenderPort

    init(number: Int, plannedCount: Int32?, producer: any SenderPort) {
        self.plannedCount = plannedCount
        self.number = number
        self.producer = producer
    }

    func partitionCount() throws -> Int32 { try plannedCount ?? producer.partitionCount(of: number) }

    func send(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, partition: Int32?, timestampMs: Int64,
        headers: Headers
    ) throws(PortError) {
        try producer.send(
            topic: number, partition: partition ?? plannedPartition(of: key), key: key, value: value,
            timestampMs: timestampMs, headers: headers)
    }

    /// Returns the partition by Kafka's partitioner, among those that have tasks. Records without a key go to the partitions in
    /// turn, some hundred at a time.
    private func plannedPartition(of key: UnsafeRawBufferPointer?) -> Int32? {
        guard let plannedCount, plannedCount > 0 else { return nil }
        guard let key else {
            keylessCount &+= 1
            return (keylessCount & .max) / 128 % plannedCount
        }
        return KafkaPartitioner.partition(for: key, count: plannedCount)
    }
}
