import FoundationEssentials
import KafkaClient
import Logging
public import MillraceVectors
import Synchronization

/// Announcements in a Kafka topic, which every cache reads alone, from the moment at which it begins.
///
/// ```swift
/// let announcements = KafkaEmbeddingAnnouncements(bootstrapServers: ["localhost:9092"])
/// let cache = try EmbeddingCache(source: source, announcements: announcements)
/// ```
///
/// The topic is made if it does not exist; somebody who may not make it waits for it. A broker that does not answer is waited for, too:
/// until then announcements wait, the newest of them, and the cache loads without them. What was announced meanwhile is read later, as
/// long as the topic keeps it.
public final class KafkaEmbeddingAnnouncements: EmbeddingAnnouncements {
    /// The name of the topic.
    public let topic: String
    private let settings: ClientSettings
    private let lookBack: Duration
    private let partitionCheck: Duration
    private let logger = Logger(label: "millrace.embeddings")
    private let queue = AnnouncementQueue()
    private let state = Mutex(State())

    private struct State {
        var unreadable = 0
        var isReading = false
        /// Those who wait for the reading to begin.
        var waiting: [AsyncStream<Void>.Continuation] = []
    }

    /// Makes a channel. It connects when the cache runs.
    ///
    /// - Parameters:
    ///   - bootstrapServers: The brokers, as `host:port`.
    ///   - topic: The topic; `vector-ready` by default.
    ///   - clientSettings: More settings of librdkafka, such as those of TLS; none by default.
    ///   - lookBack: The time before its start from which a cache reads announcements, too, by their records' timestamps; zero by
    ///     default. With some minutes a cache that starts anew loads what the others have loaded lately.
    public convenience init(
        bootstrapServers: [String], topic: String = "vector-ready", clientSettings: [String: String] = [:],
        lookBack: Duration = .zero
    ) {
        self.init(
            bootstrapServers: bootstrapServers, topic: topic, clientSettings: clientSettings, lookBack: lookBack,
            partitionCheck: .seconds(30))
    }

    /// - Parameter partitionCheck: The time between two looks at the number of partitions.
    package init(
        bootstrapServers: [String], topic: String, clientSettings: [String: String], lookBack: Duration,
        partitionCheck: Duration
    ) {
        self.topic = topic
        self.lookBack = max(.zero, lookBack)
        self.partitionCheck = partitionCheck
        var settings: ClientSettings = ["topic.metadata.propagation.max.ms": "300000"]
        for (name, value) in clientSettings.sorted(by: { $0.key < $1.key }) { settings[name] = value }
        settings["bootstrap.servers"] = bootstrapServers.joined(separator: ",")
        self.settings = settings
    }

    /// The announcements that were dropped because more than 10,000 waited, or because they were too large.
    public var droppedCount: Int { queue.droppedCount }

    /// The records of the topic that were no announcements, and so were passed over.
    public var unreadableCount: Int { state.withLock(\.unreadable) }

    /// Whether the topic is being read, so that whatever is announced from now on arrives.
    public var isReading: Bool { state.withLock(\.isReading) }

    /// Waits until the topic is being read, or the task is cancelled.
    package func reading() async {
        let (began, continuation) = AsyncStream.makeStream(of: Void.self)
        state.withLock { state in
            if state.isReading { continuation.finish() } else { state.waiting.append(continuation) }
        }
        for await _ in began {}
    }

    /// Sends announcements soon. It returns at once; if more than 10,000 wait, the oldest are dropped.
    public func publish(_ announcements: [EmbeddingAnnouncement]) { queue.append(announcements) }

    /// Sends and receives announcements until the task is cancelled. What waits then is sent before it returns, for at most 5 s.
    ///
    /// - Parameter receive: Gets the announcements of all caches, this one's too.
    /// - Throws: `CancellationError` at the end.
    public func run(_ receive: @escaping @Sendable ([EmbeddingAnnouncement]) -> Void) async throws {
        let reading = BlockingLoop("millrace-embeddings-reader", logger: logger)
        let writing = BlockingLoop("millrace-embeddings-writer", logger: logger)
        let now = Date.now.timeIntervalSince1970
        let reader = AnnouncementReader(
            topic, settings: settings, startMs: Int64(max(0, now - lookBack / .seconds(1)) * 1_000),
            partitionCheck: partitionCheck, loop: reading, logger: logger)
        let writer = AnnouncementWriter(topic: topic, settings: settings, queue: queue, loop: writing, logger: logger)
        await withTaskCancellationHandler {
            async let reads: Void = reading.run { try reader.read { self.handle($0, receive) } }
            async let writes: Void = writing.run { try writer.write() }
            _ = await (reads, writes)
        } onCancel: {
            reading.stop()
            writing.stop()
            queue.wake()
        }
        try Task.checkCancellation()
    }

    private func handle(_ reading: AnnouncementReading, _ receive: ([EmbeddingAnnouncement]) -> Void) {
        switch reading {
        case .began, .ended:
            let isReading = if case .began = reading { true } else { false }
            let waiting = state.withLock { state in
                state.isReading = isReading
                guard isReading else { return [AsyncStream<Void>.Continuation]() }
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.finish() }
        case .received(let announcements, let unreadable):
            if unreadable > 0 { state.withLock { $0.unreadable += unreadable } }
            if !announcements.isEmpty { receive(announcements) }
        }
    }
}
