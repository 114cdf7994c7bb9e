import KafkaClient
import Millrace
import MillraceEngine

/// Adapts librdkafka's producer to the engine.
///
/// Each call waits for the broker for a few seconds at most, so that its worker stays responsive. librdkafka resumes a call that
/// timed out when it is made again.
final class KafkaProducerPort: ProducerPort {
    private let producer: KafkaProducer
    private var topics: [ProducerTopic] = []
    private var numbers: [String: Int] = [:]
    /// The topics' numbers of partitions at the last request, and the time until which each is used.
    private var partitionCounts: [Int: (count: Int32, end: Moment)] = [:]
    private let metadataMaxAge: TimeSpan
    /// The time of the last poll, so that the clock need not be read for each record.
    private var polled: Moment
    private let callTimeoutMs: Int32 = 5_000
    /// The longest wait for room in the queue.
    private let queueTimeout = TimeSpan(ms: 10_000)
    /// Whether the transaction's offsets have been sent, so that only the commit is left.
    private var hasSentOffsets = false
    private let clock: any WallClock

    /// - Parameter metadataMaxAge: the time after which a topic is asked again for its number of partitions.
    init(
        _ settings: ClientSettings, metadataMaxAge: TimeSpan, clock: any WallClock, log: @escaping ClientLogHandler
    ) throws(PortError) {
        producer = try port(.produce) { () throws(KafkaError) in try KafkaProducer(settings, log: log) }
        self.metadataMaxAge = metadataMaxAge
        self.clock = clock
        polled = clock.monotonic
    }

    func initTransactions() throws(PortError) {
        try port(.transaction) { () throws(KafkaError) in try producer.initTransactions(timeoutMs: callTimeoutMs) }
    }

    func beginTransaction() throws(PortError) {
        try port(.transaction) { () throws(KafkaError) in try producer.beginTransaction() }
    }

    func commitTransaction(
        offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset], group: GroupMetadata
    ) throws(PortError) {
        try throwDeliveryError()
        if !hasSentOffsets {
            try port(.transaction) { () throws(KafkaError) in
                try producer.sendOffsets(
                    offsets.forClient, group: ConsumerGroupMetadata(encoded: group.encoded), timeoutMs: callTimeoutMs)
            }
            hasSentOffsets = true
        }
        try commit()
        hasSentOffsets = false
    }

    func commitTransaction() throws(PortError) {
        try throwDeliveryError()
        try commit()
    }

    private func commit() throws(PortError) {
        do throws(KafkaError) {
            try producer.commitTransaction(timeoutMs: callTimeoutMs)
        } catch {
            // The failed delivery says more than the commit that failed because of it.
            if !error.isRetriable { try throwDeliveryError() }
            throw PortError(error, during: .transaction)
        }
    }

    func abortTransaction() throws(PortError) {
        hasSentOffsets = false
        try port(.transaction) { () throws(KafkaError) in try producer.abortTransaction(timeoutMs: callTimeoutMs) }
        // The records that the abort dropped were reported as failed; that is no news.
        producer.forgetDeliveryFailures()
    }

    func topic(named name: String) throws(PortError) -> Int {
        if let number = numbers[name] { return number }
        topics.append(try port(.produce) { () throws(KafkaError) in try producer.topic(named: name) })
        numbers[name] = topics.count - 1
        return topics.count - 1
    }

    func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        let headers = headers.isEmpty ? [] : headers.map { MessageHeader($0.name, $0.value) }
        // The time matters only if the queue is full.
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
                guard error.code == .queueFull, now < end else {
                    // The topic may have been replaced by one with fewer partitions.
                    partitionCounts[topic] = nil
                    throw PortError(error, during: .produce)
                }
                producer.poll(timeoutMs: 100)
            }
        }
    }

    func partitionCount(of topic: Int) throws(PortError) -> Int32 {
        let known = partitionCounts[topic]
        if let known, polled < known.end { return known.count }
        do {
            let count = try port(.produce) { () throws(KafkaError) in
                try producer.partitionCount(of: topics[topic], timeoutMs: callTimeoutMs)
            }
            partitionCounts[topic] = (count, polled + metadataMaxAge)
            return count
        } catch {
            guard let known, error.kind == .retriable else { throw error }
            // Topics lose no partitions; the number is asked for again after a while.
            partitionCounts[topic] = (known.count, polled + min(metadataMaxAge, TimeSpan(ms: 5_000)))
            return known.count
        }
    }

    func flush() throws(PortError) {
        try port(.produce) { () throws(KafkaError) in try producer.flush(timeoutMs: callTimeoutMs) }
        try throwDeliveryError()
    }

    func poll() throws(PortError) {
        polled = clock.monotonic
        producer.poll()
        if let error = producer.fatalError { throw PortError(error, during: .produce) }
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
