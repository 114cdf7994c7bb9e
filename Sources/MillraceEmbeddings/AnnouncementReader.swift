import KafkaClient
import Logging
import MillraceVectors
import Synchronization

/// The reading of all announcements of a topic, from its position after any interruption.
final class AnnouncementReader: Sendable {
    private let topic: String
    private let settings: ClientSettings
    /// The first consumer reads what was announced since this time.
    private let startMs: Int64
    private let partitionCheck: Duration
    private let loop: BlockingLoop
    private let logger: Logger
    private let positions = Mutex(AnnouncementPositions())

    private static let timeoutMs: Int32 = 5_000
    private static let consumerSettings: ClientSettings = [
        // Needed even to read without a group, which this does.
        "group.id": "millrace-embeddings", "enable.auto.commit": "false", "enable.auto.offset.store": "false",
        "isolation.level": "read_uncommitted",
        // A position that the topic does not have any more is too old, or the topic was made anew: all that it has is news.
        "auto.offset.reset": "earliest",
    ]

    init(
        _ topic: String, settings: ClientSettings, startMs: Int64, partitionCheck: Duration, loop: BlockingLoop,
        logger: Logger
    ) {
        self.topic = topic
        self.settings = settings
        self.startMs = startMs
        self.partitionCheck = partitionCheck
        self.loop = loop
        self.logger = logger
    }

    /// Reads until the loop is stopped, or the number of partitions changes.
    ///
    /// - Throws: `KafkaError` if it cannot read, or the topic is missing; another call goes on where this one has ended.
    func read(_ report: (AnnouncementReading) -> Void) throws {
        try makeTopic()
        let metadata = try KafkaProducer(settings)
        let consumer = try KafkaConsumer(settings.merging(Self.consumerSettings))
        defer { try? consumer.close() }
        let count = try partitionCount(metadata)
        let starts = try positions.withLock { positions in
            try positions.starts(ofPartitions: count) { try firstStart(of: $0, consumer) }
        }
        try consumer.assign(
            zip(starts.indices, starts).map {
                AssignedPartition(TopicPartition(topic, Int32($0)), slot: $0, start: .absolute($1))
            })
        report(.began)
        defer { report(.ended) }
        var nextCheck = ContinuousClock.now + partitionCheck
        while !loop.isStopped {
            let batch = try consumer.poll(maxMessages: 1_000, timeoutMs: 100)
            deliver(batch.messages, report)
            for case .error(let error, _) in batch.events {
                if error.isFatal || Self.isMissingTopic(error) { throw error }
                logger.debug("announcements of embeddings: \(error)")
            }
            guard ContinuousClock.now >= nextCheck else { continue }
            nextCheck = ContinuousClock.now + partitionCheck
            // A broker that does not answer is away; the consumer goes on when it is back.
            if let now = try? partitionCount(metadata), now != count { return }
        }
    }

    private static func isMissingTopic(_ error: KafkaError) -> Bool {
        [.unknownTopicOrPartition, .unknownTopicLocally, .unknownPartition].contains(error.code)
    }

    private func firstStart(of number: Int32, _ consumer: KafkaConsumer) throws -> Int64 {
        let partition = TopicPartition(topic, number)
        // The end comes first: what is announced between the two questions must not be passed over.
        let end = try consumer.queryWatermarks(partition, timeoutMs: Self.timeoutMs).high
        let offset = try consumer.offsetsForTimes([partition: startMs], timeoutMs: Self.timeoutMs)[partition]
        return min(offset ?? end, end)
    }

    private func deliver(_ messages: ConsumedMessages, _ report: (AnnouncementReading) -> Void) {
        if messages.isEmpty { return }
        var announcements: [EmbeddingAnnouncement] = []
        var unreadable = 0
        for message in messages {
            if let announcement = message.value.flatMap({ AnnouncementRecord.announcement(in: $0) }) {
                announcements.append(announcement)
            } else {
                unreadable += 1
            }
            positions.withLock { $0.read(message.offset, of: message.partition) }
        }
        report(.received(announcements, unreadable: unreadable))
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

    private func partitionCount(_ client: KafkaProducer) throws -> Int32 {
        let count = try client.partitionCount(of: client.topic(named: topic), timeoutMs: Self.timeoutMs)
        guard count > 0 else {
            throw KafkaError(.unknownTopicOrPartition, "The topic has no partitions yet", context: "read \(topic)")
        }
        return count
    }
}

/// The news of a reader.
enum AnnouncementReading {
    /// Whatever is announced from now on arrives.
    case began
    case received([EmbeddingAnnouncement], unreadable: Int)
    case ended
}
