import KafkaClient
import Logging
import Millrace
import MillraceEngine

/// The engine's producer over librdkafka's.
final class KafkaProducerPort: ProducerPort {
    private let producer: KafkaProducer
    private let logger: Logger
    private var topics: [ProducerTopic] = []
    private var numbers: [String: Int] = [:]
    /// How long one call may wait for the broker before it is made again.
    private let callTimeoutMs: Int32 = 5_000
    /// How long a call is made again and again before the worker gives up.
    private let patienceMs: Int64
    private let clock: any Clock

    init(
        _ settings: ClientSettings, patienceMs: Int64, clock: any Clock, logger: Logger, log: @escaping ClientLogHandler
    ) throws(PortError) {
        producer = try port { () throws(KafkaError) in try KafkaProducer(settings, log: log) }
        self.patienceMs = patienceMs
        self.clock = clock
        self.logger = logger
    }

    func initTransactions() throws(PortError) {
        try patiently("register the transactional id") { timeoutMs throws(KafkaError) in
            try producer.initTransactions(timeoutMs: timeoutMs)
        }
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
        try patiently("send offsets to the transaction") { timeoutMs throws(KafkaError) in
            try producer.sendOffsets(offsets.forClient, group: group, timeoutMs: timeoutMs)
        }
        try patiently("commit the transaction") { timeoutMs throws(KafkaError) in
            try producer.commitTransaction(timeoutMs: timeoutMs)
        }
        try throwDeliveryError()
    }

    func abortTransaction() throws(PortError) {
        try patiently("abort the transaction") { timeoutMs throws(KafkaError) in
            try producer.abortTransaction(timeoutMs: timeoutMs)
        }
        // What the abort dropped was reported as failed; it is not news.
        _ = producer.takeDeliveryError()
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
        let deadlineMs = clock.monotonicMs() + patienceMs
        while true {
            do throws(KafkaError) {
                return try producer.produce(
                    topics[topic], partition: partition ?? KafkaProducer.unassignedPartition, key: key, value: value,
                    timestampMs: timestampMs, headers: headers)
            } catch {
                guard error.code == .queueFull, clock.monotonicMs() < deadlineMs else { throw PortError(error) }
                producer.poll(timeoutMs: 100)
            }
        }
    }

    func flush() throws(PortError) {
        try patiently("flush") { timeoutMs throws(KafkaError) in try producer.flush(timeoutMs: timeoutMs) }
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
        if let error = producer.takeDeliveryError() { throw PortError(.abortable, error.description) }
    }

    /// Makes a call again as long as it fails for want of an answer. librdkafka resumes where the call left off.
    private func patiently(
        _ what: String, _ call: (_ timeoutMs: Int32) throws(KafkaError) -> Void
    ) throws(PortError) {
        let deadlineMs = clock.monotonicMs() + patienceMs
        while true {
            do throws(KafkaError) {
                return try call(callTimeoutMs)
            } catch {
                let isWorthWaiting = error.isRetriable && !error.requiresAbort && clock.monotonicMs() < deadlineMs
                guard isWorthWaiting else { throw PortError(error) }
                logger.warning("could not \(what) yet, trying again: \(error)")
                producer.poll(timeoutMs: 100)
            }
        }
    }
}
