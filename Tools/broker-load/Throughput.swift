import ArgumentParser
import Foundation
import KafkaClient

/// Measures how fast a broker accepts and serves records, with one producer and one consumer of librdkafka.
struct Throughput: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes records to a new topic, reads them back, and prints the records per second of both.")

    @Option(help: "The broker, HOST:PORT.")
    var bootstrapServers: String

    @Option(help: "The number of records.")
    var records = 200_000

    @Option(help: "The size of a record's value in bytes.")
    var size = 100

    @Option(help: "Partitions of the topic.")
    var partitions: Int32 = 4

    @Option(help: "The producer's compression: none, gzip, snappy, lz4 or zstd.")
    var compression = "none"

    func run() throws {
        let topic = "throughput-\(UInt64.random(in: 0...UInt64(UInt32.max)))"
        let created = try KafkaAdmin(Clients.settings(bootstrapServers))
            .createTopics([NewTopic(topic, partitions: partitions)], timeoutMs: 10_000)
        try created[topic]?.get()
        print("produce \(Int(try produce(to: topic)))")
        print("consume \(Int(try consume(topic)))")
    }

    /// Returns the records per second, from the first record to the last acknowledgement.
    private func produce(to name: String) throws -> Double {
        let producer = try KafkaProducer(
            Clients.settings(bootstrapServers).merging([
                "queue.buffering.max.messages": "1000000", "batch.num.messages": "10000", "acks": "all",
                "compression.type": compression,
            ]))
        let topic = try producer.topic(named: name)
        let texts = texts()
        // The connection is made before the clock starts.
        try Clients.send(texts[0], to: topic, partition: 0, producer)
        try producer.flush(timeoutMs: 10_000)
        let start = ContinuousClock.now
        for number in 0..<records - 1 {
            let text = texts[number % texts.count]
            try Clients.send(text, to: topic, partition: Int32(number % Int(partitions)), producer)
            if number % 1_000 == 0 { producer.poll() }
        }
        try producer.flush(timeoutMs: 60_000)
        if let failure = producer.takeDeliveryFailure() { throw failure.error }
        return Double(records - 1) / (start.duration(to: .now) / .seconds(1))
    }

    /// A thousand texts, each half random digits and half the same letter. They compress about as well as real data.
    private func texts() -> [String] {
        var random = SeededGenerator(seed: 1)
        return (0..<1_000).map { _ in
            String((0..<size).map { $0 % 2 == 0 ? "x" : Character("\(Int.random(in: 0...9, using: &random))") })
        }
    }

    /// Returns the records per second, from the assignment to the last record. The connection is made before.
    private func consume(_ name: String) throws -> Double {
        let consumer = try KafkaConsumer(
            Clients.settings(bootstrapServers).merging([
                "group.id": "throughput", "enable.auto.commit": "false", "queued.min.messages": "1000000",
            ]))
        for number in 0..<partitions {
            _ = try consumer.queryWatermarks(TopicPartition(name, number), timeoutMs: 10_000)
        }
        let start = ContinuousClock.now
        try consumer.assign(
            (0..<partitions).map {
                AssignedPartition(TopicPartition(name, $0), slot: Int($0), start: .absolute(0))
            })
        var count = 0
        let deadline = start + .seconds(60)
        while count < records, ContinuousClock.now < deadline {
            count += try consumer.poll(maxMessages: 10_000, timeoutMs: 1_000).messages.count
        }
        let elapsed = start.duration(to: .now) / .seconds(1)
        guard count == records else { throw ValidationError("only \(count) of \(records) records came back") }
        try consumer.close()
        return Double(records) / elapsed
    }
}
