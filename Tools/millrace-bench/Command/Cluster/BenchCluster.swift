import Foundation
import KafkaClient

/// The broker of the measurements, through the bare client: its topics, and the records written to and read from them.
final class BenchCluster {
    let bootstrapServers: String
    private let broker: Child?
    private let folder: String
    private var folders = 0

    init(_ options: BenchOptions) throws {
        if let servers = options.bootstrapServers {
            (bootstrapServers, broker) = (servers, nil)
        } else {
            let child = try Child(["broker"])
            guard let servers = child.line() else { throw BenchError("the embedded broker does not start") }
            (bootstrapServers, broker) = (servers, child)
        }
        let parent =
            options.stateDirectory
            ?? (FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory())
        folder = "\(parent)/millrace-bench-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func close() {
        broker?.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// A folder that does not exist yet.
    func newFolder() -> String {
        folders += 1
        return "\(folder)/\(folders)"
    }

    /// A group that has had no member yet.
    func newGroup() -> String {
        folders += 1
        return "group-\(folders)"
    }

    func settings(_ others: [(String, String)] = []) -> ClientSettings {
        var settings: ClientSettings = ["bootstrap.servers": bootstrapServers, "client.id": "millrace-bench"]
        for (name, value) in others { settings[name] = value }
        return settings
    }

    /// Deletes topics and creates them again, empty.
    func recreate(_ topics: [String], partitions: Int32, settings topicSettings: [String: String] = [:]) throws {
        try delete(topics)
        let admin = try KafkaAdmin(settings())
        let deadline = monotonicSeconds() + 30
        var missing = topics
        while !missing.isEmpty {
            let wanted = missing.map { NewTopic($0, partitions: partitions, configs: topicSettings) }
            missing = []
            for case (let topic, .failure(let error)) in try admin.createTopics(wanted, timeoutMs: 10_000) {
                // On some brokers a deletion takes a while.
                guard error.code == .topicAlreadyExists, monotonicSeconds() < deadline else { throw error }
                missing.append(topic)
                usleep(100_000)
            }
        }
    }

    func delete(_ topics: [String]) throws {
        let admin = try KafkaAdmin(settings())
        for case .failure(let error) in try admin.deleteTopics(topics, timeoutMs: 10_000).values
        where error.code != .unknownTopicOrPartition {
            throw error
        }
    }

    func producer(lingerMs: Int = 20) throws -> KafkaProducer {
        try KafkaProducer(
            settings([
                ("partitioner", "murmur2_random"), ("enable.idempotence", "true"), ("linger.ms", "\(lingerMs)"),
                ("queue.buffering.max.messages", "500000"), ("batch.num.messages", "10000"),
            ]))
    }

    /// Reads the committed records of topics from the beginning to the current end.
    func readAll(_ topics: [String], _ body: (ConsumedMessage) throws -> Void) throws {
        let described = try KafkaAdmin(settings()).describeTopics(topics, timeoutMs: 10_000)
        var partitions: [TopicPartition] = []
        for topic in topics {
            guard let found = described[topic] else { continue }
            partitions += try found.get().partitions.map { TopicPartition(topic, $0.id) }
        }
        let consumer = try KafkaConsumer(
            settings([
                ("group.id", "millrace-bench-reader"), ("enable.auto.commit", "false"),
                ("isolation.level", "read_committed"), ("enable.partition.eof", "true"),
            ]))
        try consumer.assign(partitions.enumerated().map { AssignedPartition($1, slot: $0, start: .beginning) })
        var open = Set(partitions.indices)
        while !open.isEmpty {
            let batch = try consumer.poll(maxMessages: 5_000, timeoutMs: 500)
            for message in batch.messages { try body(message) }
            for case .endOfPartition(let slot, _) in batch.events { open.remove(slot) }
            if let fatal = consumer.fatalError { throw fatal }
        }
        try consumer.close()
    }
}

extension KafkaProducer {
    /// Sends a record, waiting while the queue is full.
    func send(
        _ topic: ProducerTopic, partition: Int32 = KafkaProducer.unassignedPartition, key: [UInt8], value: [UInt8],
        timestampMs: Int64
    ) throws {
        try key.withUnsafeBytes { key in
            try value.withUnsafeBytes { value in
                while true {
                    do throws(KafkaError) {
                        return try produce(
                            topic, partition: partition, key: key, value: value, timestampMs: timestampMs)
                    } catch {
                        guard error.code == .queueFull else { throw error }
                        poll(timeoutMs: 10)
                    }
                }
            }
        }
    }
}
