import Foundation
import KafkaClient

/// The settings and helpers of all clients that make the load.
enum Clients {
    /// Answers may be large, because some brokers ignore the limits of a fetch. Reconnects come soon after the broker is back.
    static func settings(_ servers: String) -> ClientSettings {
        [
            "bootstrap.servers": servers, "broker.address.family": "v4", "receive.message.max.bytes": "2000000000",
            "reconnect.backoff.max.ms": "200",
        ]
    }

    /// Retries a call for up to a minute while its error is retriable.
    static func retrying(_ body: () throws(KafkaError) -> Void) throws(KafkaError) {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do throws(KafkaError) {
                return try body()
            } catch {
                let mayHelp = error.isRetriable && !error.isFatal && !error.requiresAbort
                guard mayHelp, ContinuousClock.now < deadline else { throw error }
            }
        }
    }

    static func send(
        _ text: String, to topic: ProducerTopic, partition: Int32, _ producer: KafkaProducer
    ) throws(KafkaError) {
        let bytes = Array(text.utf8)
        while true {
            do throws(KafkaError) {
                return try Self.produce(bytes, to: topic, partition: partition, producer)
            } catch {
                guard error.code == .queueFull else { throw error }
                producer.poll(timeoutMs: 100)
            }
        }
    }

    private static func produce(
        _ bytes: [UInt8], to topic: ProducerTopic, partition: Int32, _ producer: KafkaProducer
    ) throws(KafkaError) {
        let result = bytes.withUnsafeBytes { value in
            Result { () throws(KafkaError) in
                try producer.produce(topic, partition: partition, key: nil, value: value)
            }
        }
        try result.get()
    }

    /// Reads whole topics, committed records only, from the beginning to the end.
    static func readAll(
        _ partitions: [TopicPartition], on servers: String, _ body: (ConsumedMessage) -> Void
    ) throws {
        let consumer = try KafkaConsumer(
            settings(servers).merging([
                "group.id": "broker-load-reader", "enable.auto.commit": "false", "isolation.level": "read_committed",
                "enable.partition.eof": "true",
            ]))
        try consumer.assign(
            partitions.enumerated().map { AssignedPartition($1, slot: $0, start: .beginning) })
        var open = Set(partitions.indices)
        let deadline = ContinuousClock.now + .seconds(60)
        while !open.isEmpty {
            guard ContinuousClock.now < deadline else { throw EndNotReached() }
            let batch = try consumer.poll(maxMessages: 5_000, timeoutMs: 500)
            for message in batch.messages { body(message) }
            for case .endOfPartition(let slot, _) in batch.events { open.remove(slot) }
        }
        try consumer.close()
    }

    struct EndNotReached: Error, CustomStringConvertible {
        let description = "the end of a partition could not be reached"
    }
}
