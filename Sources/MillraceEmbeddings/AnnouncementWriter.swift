import KafkaClient
import Logging
import MillraceVectors

/// The sending of announcements to a topic.
struct AnnouncementWriter: Sendable {
    let topic: String
    let settings: ClientSettings
    let queue: AnnouncementQueue
    let loop: BlockingLoop
    let logger: Logger

    private static let timeoutMs: Int32 = 5_000

    /// Sends what waits until the loop is stopped, and then the rest.
    ///
    /// - Throws: `KafkaError`; what the broker has not confirmed waits for the next call.
    func write() throws {
        var settings = settings
        settings["linger.ms"] = "5"
        let producer = try KafkaProducer(settings)
        let handle = try producer.topic(named: topic)
        // The client would drop records of a topic that it cannot find, so until it has found it they wait here.
        _ = try producer.partitionCount(of: handle, timeoutMs: Self.timeoutMs)
        while !loop.isStopped { try send(queue.take(withinMs: 500), producer, handle) }
        try send(queue.take(withinMs: 0), producer, handle)
    }

    /// Sends announcements and waits until the broker has them.
    ///
    /// - Throws: `KafkaError`; then all wait again. Some may arrive twice, which does no harm.
    private func send(
        _ announcements: [EmbeddingAnnouncement], _ producer: KafkaProducer, _ topic: ProducerTopic
    ) throws {
        if announcements.isEmpty { return }
        do {
            for announcement in announcements { try produce(announcement, producer, topic) }
            try producer.flush(timeoutMs: Self.timeoutMs)
            while let failure = producer.takeDeliveryFailure() { try check(failure.error, of: failure.count) }
        } catch {
            queue.putBack(announcements)
            throw error
        }
    }

    private func produce(
        _ announcement: EmbeddingAnnouncement, _ producer: KafkaProducer, _ topic: ProducerTopic
    ) throws {
        let value = AnnouncementRecord.bytes(of: announcement)
        let key = Array(announcement.key.description.utf8)
        do {
            try key.withUnsafeBytes { key in
                try value.withUnsafeBytes { value in try producer.produce(topic, key: key, value: value) }
            }
        } catch let error as KafkaError { try check(error, of: 1) }
    }

    /// Drops what no broker will ever take.
    private func check(_ error: KafkaError, of count: Int) throws {
        guard Self.refusals.contains(error.code) else { throw error }
        queue.drop(count)
        logger.warning("\(count) announcements of embeddings were dropped: \(error)")
    }

    private static let refusals: [KafkaError.Code] = [.messageTooLarge]
}
