import Dispatch
import KafkaClient
import Logging
public import MillraceVectors
import Synchronization

/// Announcements in a Kafka topic, which every cache reads alone and from now on.
///
/// ```swift
/// let announcements = KafkaEmbeddingAnnouncements(bootstrapServers: ["localhost:9092"])
/// let cache = try EmbeddingCache(source: source, announcements: announcements)
/// ```
///
/// The topic is made if it does not exist. A broker that does not answer is waited for; until then announcements wait, the newest of
/// them, and the cache loads without them. What was announced while it could not read is not read later: announcements are hints.
public final class KafkaEmbeddingAnnouncements: EmbeddingAnnouncements {
    /// The name of the topic.
    public let topic: String
    private let settings: ClientSettings
    private let logger = Logger(label: "millrace.embeddings")
    private let state = Mutex(State())
    private let hasWork = DispatchSemaphore(value: 0)

    private struct State {
        var waiting: [EmbeddingAnnouncement] = []
        var dropped = 0
        var unreadable = 0
        var isStopped = false
        var isReading = false
    }

    /// The most announcements that wait to be sent; older ones are dropped.
    static let maxWaiting = 10_000
    private static let timeoutMs: Int32 = 5_000
    /// The time between two looks at the number of partitions.
    private static let partitionCheck = Duration.seconds(30)

    /// Makes a channel. It connects when the cache runs.
    ///
    /// - Parameters:
    ///   - bootstrapServers: The brokers, as `host:port`.
    ///   - topic: The topic; `vector-ready` by default.
    ///   - clientSettings: More settings of librdkafka, such as those of TLS; none by default.
    public init(bootstrapServers: [String], topic: String = "vector-ready", clientSettings: [String: String] = [:]) {
        self.topic = topic
        var settings: ClientSettings = ["topic.metadata.propagation.max.ms": "5000"]
        for (name, value) in clientSettings.sorted(by: { $0.key < $1.key }) { settings[name] = value }
        settings["bootstrap.servers"] = bootstrapServers.joined(separator: ",")
        self.settings = settings
    }

    /// The announcements that were dropped because the broker did not take them in time.
    public var droppedCount: Int { state.withLock(\.dropped) }

    /// The records of the topic that were no announcements, and so were passed over.
    public var unreadableCount: Int { state.withLock(\.unreadable) }

    /// Whether the topic is being read, so that whatever is announced from now on arrives.
    public var isReading: Bool { state.withLock(\.isReading) }

    /// Sends announcements soon. It returns at once; if more than 10,000 wait, the oldest are dropped.
    public func publish(_ announcements: [EmbeddingAnnouncement]) {
        state.withLock { state in
            state.waiting += announcements
            let excess = state.waiting.count - Self.maxWaiting
            if excess > 0 {
                state.waiting.removeFirst(excess)
                state.dropped += excess
            }
        }
        hasWork.signal()
    }

    /// Sends and receives announcements until the task is cancelled. What waits then is sent before it returns, for at most 5 s.
    ///
    /// - Parameter receive: Gets the announcements of all caches, this one's too.
    /// - Throws: `CancellationError` at the end.
    public func run(_ receive: @escaping @Sendable ([EmbeddingAnnouncement]) -> Void) async throws {
        state.withLock { $0.isStopped = false }
        await withTaskCancellationHandler {
            async let reading: Void = onThread("millrace-embeddings-reader") {
                self.untilStopped { try self.read(receive) }
            }
            async let writing: Void = onThread("millrace-embeddings-writer") { self.untilStopped { try self.write() } }
            _ = await (reading, writing)
        } onCancel: {
            state.withLock { $0.isStopped = true }
            hasWork.signal()
        }
        try Task.checkCancellation()
    }

    /// Runs blocking work on a thread of its own.
    private func onThread(_ name: String, _ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: name).async {
                body()
                continuation.resume()
            }
        }
    }

    private var isStopped: Bool { state.withLock(\.isStopped) }

    /// Repeats work until the end, with a second between an error and the next attempt.
    private func untilStopped(_ body: () throws -> Void) {
        while !isStopped {
            do { try body() } catch {
                logger.warning("announcements of embeddings: \(error)")
                let deadline = DispatchTime.now() + .seconds(1)
                while !isStopped, DispatchTime.now() < deadline {
                    _ = hasStopped.wait(timeout: .now() + .milliseconds(100))
                }
            }
        }
    }

    /// Never signalled; waiting for it is waiting for a while.
    private let hasStopped = DispatchSemaphore(value: 0)

    // MARK: Sending

    private func write() throws {
        var settings = settings
        settings["linger.ms"] = "5"
        let producer = try KafkaProducer(settings)
        let handle = try producer.topic(named: topic)
        while true {
            _ = hasWork.wait(timeout: .now() + .milliseconds(500))
            let (announcements, isLast) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.isStopped)
            }
            for announcement in announcements { try send(announcement, producer, handle) }
            producer.poll()
            while let failure = producer.takeDeliveryFailure() {
                state.withLock { $0.dropped += 1 }
                logger.debug("an announcement was not delivered: \(failure.error)")
            }
            if isLast { return try producer.flush(timeoutMs: Self.timeoutMs) }
        }
    }

    private func send(_ announcement: EmbeddingAnnouncement, _ producer: KafkaProducer, _ topic: ProducerTopic) throws {
        let value = AnnouncementRecord.bytes(of: announcement)
        let key = Array(announcement.key.description.utf8)
        do {
            try key.withUnsafeBytes { key in
                try value.withUnsafeBytes { value in try producer.produce(topic, key: key, value: value) }
            }
        } catch let error as KafkaError where error.code == .queueFull {
            state.withLock { $0.dropped += 1 }
            producer.poll(timeoutMs: 10)
        }
    }

    // MARK: Receiving

    private func read(_ receive: ([EmbeddingAnnouncement]) -> Void) throws {
        defer { state.withLock { $0.isReading = false } }
        try makeTopic()
        var settings = settings
        // Needed even to read without a group, which this does.
        settings["group.id"] = "millrace-embeddings"
        settings["enable.auto.commit"] = "false"
        settings["enable.auto.offset.store"] = "false"
        settings["isolation.level"] = "read_uncommitted"
        settings["auto.offset.reset"] = "latest"
        let consumer = try KafkaConsumer(settings)
        defer { try? consumer.close() }
        let count = try partitionCount()
        try consumer.assign(
            (0..<count).map { number in
                let partition = TopicPartition(topic, number)
                let end = try consumer.queryWatermarks(partition, timeoutMs: Self.timeoutMs).high
                return AssignedPartition(partition, slot: Int(number), start: .absolute(end))
            })
        state.withLock { $0.isReading = true }
        var nextCheck = ContinuousClock.now + Self.partitionCheck
        while !isStopped {
            let batch = try consumer.poll(maxMessages: 1_000, timeoutMs: 100)
            deliver(batch.messages, to: receive)
            for case .error(let error, _) in batch.events where error.isFatal { throw error }
            if ContinuousClock.now >= nextCheck {
                nextCheck = ContinuousClock.now + Self.partitionCheck
                // Another number of partitions: begin anew with all of them.
                if let now = try? partitionCount(), now != count { return }
            }
        }
    }

    private func deliver(_ messages: ConsumedMessages, to receive: ([EmbeddingAnnouncement]) -> Void) {
        let announcements = messages.compactMap { message in
            message.value.flatMap { AnnouncementRecord.announcement(in: $0) }
        }
        if announcements.count < messages.count {
            let count = messages.count - announcements.count
            state.withLock { $0.unreadable += count }
        }
        if !announcements.isEmpty { receive(announcements) }
    }

    private func makeTopic() throws {
        let admin = try KafkaAdmin(settings)
        let topics = [NewTopic(topic, partitions: 1, configs: ["retention.ms": "3600000"])]
        guard case .failure(let error)? = try admin.createTopics(topics, timeoutMs: Self.timeoutMs)[topic] else {
            return
        }
        // Somebody who may not make topics can still read one that is there.
        if error.code != .topicAlreadyExists { logger.debug("the topic \(topic) was not made: \(error)") }
    }

    private func partitionCount() throws -> Int32 {
        let producer = try KafkaProducer(settings)
        return try producer.partitionCount(of: producer.topic(named: topic), timeoutMs: Self.timeoutMs)
    }
}
