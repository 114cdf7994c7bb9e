import KafkaClient
import Millrace
import MillraceEngine

/// The engine's producer over librdkafka's.
///
/// Each call waits for the broker for a few seconds at most, so that its worker stays responsive; librdkafka resumes a call
/// that timed out when it is made again.
final class KafkaProducerPort: ProducerPort {
    private let producer: KafkaProducer
    private var topics: [ProducerTopic] = []
    private var numbers: [String: Int] = [:]
    private var partitionCounts: [Int: Int32] = [:]
    private let callTimeoutMs: Int32 = 5_000
    /// How long to wait for room in the queue.
    private let queueTimeout = TimeSpan(ms: 10_000)
    /// The offsets of the transaction have been sent; all that is left is to commit it.
    private var hasSentOffsets = false
    private let clock: any Clock

    init(_ settings: ClientSettings, clock: any Clock, log: @escaping ClientLogHandler) throws(PortError) {
        producer = try port { () throws(KafkaError) in try KafkaProducer(settings, log: log) }
        self.clock = clock
    }

    func initTransactions() throws(PortError) {
        try port { () throws(KafkaError) in try producer.initTransactions(timeoutMs: callTimeoutMs) }
    }

    func beginTransaction() throws(PortError) {
        try port { () throws(KafkaError) in try producer.beginTransaction() }
    }

    func commitTransaction(
        offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset], group: AnyObject?
    ) throws(PortError) {
        guard let group = group as? ConsumerGroupMetadata else {
            throw PortError(.staleGeneration, "commit transaction: this member has no place in the group")
        }
        try throwDeliveryError()
        if !hasSentOffsets {
            try port { () throws(KafkaError) in
                try producer.sendOffsets(offsets.forClient, group: group, timeoutMs: callTimeoutMs)
            }
            hasSentOffsets = true
        }
        do throws(KafkaError) {
            try producer.commitTransaction(timeoutMs: callTimeoutMs)
        } catch {
            // The delivery that failed says more than the commit that failed for it.
            if !error.isRetriable { try throwDeliveryError() }
            throw PortError(error)
        }
        hasSentOffsets = false
    }

    func abortTransaction() throws(PortError) {
        hasSentOffsets = false
        try port { () throws(KafkaError) in try producer.abortTransaction(timeoutMs: callTimeoutMs) }
        // What the abort dropped was reported as failed; it is not news.
        producer.forgetDeliveryFailures()
    }

    func topic(named name: String) throws(PortError) -> Int {
        if let number = numbers[name] { return number }
        topics.append(try port { () throws(KafkaError) in try producer.topic(named: name) })
        numbers[name] = topics.count - 1
        return topics.count - 1
    }

    func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        let headers = headers.isEmpty ? [] : headers.map { MessageHeader($0.name, $0.value) }
        // Only a full queue makes the time matter.
        var deadline: Moment?
        while true {
            do throws(KafkaError) {
                return try producer.produce(
                    topics[topic], partition: partition ?? KafkaProducer.unassignedPartition, key: key, value: value,
                    timestampMs: timestampMs < 0 ? nil : timestampMs, headers: headers)
            } catch {
                let now = clock.monotonic
                let end = deadline ?? now + queueTimeout
                deadline = end
                guard error.code == .queueFull, now < end else { throw PortError(error) }
                producer.poll(timeoutMs: 100)
            }
        }
    }

    func partitionCount(of topic: Int) throws(PortError) -> Int32 {
        if let count = partitionCounts[topic] { return count }
        let count = try port { () throws(KafkaError) in
            try producer.partitionCount(of: topics[topic], timeoutMs: callTimeoutMs)
        }
        partitionCounts[topic] = count
        return count
    }

    func flush() throws(PortError) {
        try port { () throws(KafkaError) in try producer.flush(timeoutMs: callTimeoutMs) }
        try throwDeliveryError()
    }

    func poll() throws(PortError) {
        producer.poll()
        if let error = producer.fatalError { throw PortError(error) }
        try throwDeliveryError()
    }

    func nextOffset(of partition: Millrace.TopicPartition) -> Int64? {
        guard let number = numbers[partition.topic] else { return nil }
        return producer.deliveredOffset(topics[number], partition: partition.partition).map { $0 + 1 }
    }

    func close() {}

    private func throwDeliveryError() throws(PortError) {
        if let failure = producer.takeDeliveryFailure() { throw PortError(failure) }
    }
}
