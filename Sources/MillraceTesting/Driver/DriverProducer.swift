import Millrace
import MillraceEngine

/// Collects the records that a test driver's tasks send, in order.
final class DriverProducer: SenderPort {
    struct Sent {
        var topic: DriverTopic
        var record: DriverTopic.Written
    }

    private let topics: DriverTopics
    @exclusivity(unchecked) private var numbered: [DriverTopic] = []
    @exclusivity(unchecked) private var sent: [Sent] = []

    private let observer: (any NodeObserver)?

    init(topics: DriverTopics, observer: (any NodeObserver)? = nil) {
        self.topics = topics
        self.observer = observer
    }

    /// Passes on the records that were sent since the last call, in order.
    func takeSent(_ body: (Sent) -> Void) {
        for index in sent.indices { body(sent[index]) }
        sent.removeAll(keepingCapacity: true)
    }

    func topic(named name: String) throws(PortError) -> Int {
        if let number = numbered.firstIndex(where: { $0.name == name }) { return number }
        numbered.append(topics[name])
        return numbered.count - 1
    }

    func send(
        topic number: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        let topic = numbered[number]
        let chosen = partition ?? KafkaPartitioner.partition(for: key, count: topic.partitionCount)
        guard (0..<topic.partitionCount).contains(chosen) else {
            throw PortError(
                .rejected, "topic \(topic.name) has \(topic.partitionCount) partitions, and none of number \(chosen)")
        }
        let record = topic.append(
            partition: chosen, RecordBytes(key: key, value: value), timestampMs: timestampMs, headers: headers)
        sent.append(Sent(topic: topic, record: record))
        observer?.sent(
            to: topic.name, partition: chosen, offset: record.offset, key: key.map(Array.init),
            value: value.map(Array.init), timestampMs: timestampMs)
    }

    func partitionCount(of topic: Int) throws(PortError) -> Int32 { numbered[topic].partitionCount }

    func nextOffset(of partition: TopicPartition) -> Int64? {
        topics.existing(partition.topic).map { $0.nextOffsets[Int(partition.partition)] }
    }
}
