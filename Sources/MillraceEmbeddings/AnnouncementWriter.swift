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
    /// - Throws: `KafkaError`; what was not handed to the client yet waits for the next call.
    func write() throws {
        var settings = settings
        settings["linger.ms"] = "5"
        let producer = try KafkaProducer(settings)
        let handle = try producer.topic(named: topic)
        // The client would drop records of a topic that it cannot find, so until it has found it they wait here.
        _ = try producer.partitionCount(of: handle, timeoutMs: Self.timeoutMs)
        while true {
            let isLast = loop.isStopped
            var rest = queue.take(withinMs: isLast ? 0 : 500)[...]
            while let announcement = rest.first {
                do { try send(announcement, producer, handle) } catch {
                    queue.putBack(rest)
                    throw error
                }
                rest.removeFirst()
            }
            producer.poll()
            while let failure = producer.takeDeliveryFailure() {
                queue.drop(failure.count)
                logger.debug("\(failure.count) announcements were not delivered: \(failure.error)")
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
            queue.drop(1)
            producer.poll(timeoutMs: 10)
        }
    }
}
