import Foundation
import KafkaClient
import Millrace
import MillraceRuntime
import Testing

/// The broker of the tests of applications, with the requests that the tests make directly.
struct TestCluster {
    struct Missing: Error, CustomStringConvertible {
        let description =
            "MILLRACE_TEST_BOOTSTRAP_SERVERS is not set: start a Kafka broker and set it to HOST:PORT to run this test"
    }

    /// Settings of all clients. They allow for brokers that ignore the limits of a fetch.
    static let common = ["broker.address.family": "v4", "receive.message.max.bytes": "2000000000"]

    let bootstrapServers: String

    /// The broker of the environment.
    init() throws {
        let variable = ProcessInfo.processInfo.environment["MILLRACE_TEST_BOOTSTRAP_SERVERS"]
        guard let variable, !variable.isEmpty else { throw Missing() }
        bootstrapServers = variable
    }

    init(bootstrapServers: String) { self.bootstrapServers = bootstrapServers }

    /// A name that no other test and no earlier run uses.
    static func uniqueName(_ base: String) -> String {
        "\(base)-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    }

    private func settings(_ extra: ClientSettings = [:]) -> ClientSettings {
        var settings: ClientSettings = ["bootstrap.servers": bootstrapServers]
        for (name, value) in Self.common { settings[name] = value }
        return settings.merging(extra)
    }

    /// A configuration for tests: small, with short sessions, and with a state directory that the test keeps.
    func configuration(_ applicationID: String, _ directory: TestDirectory) -> StreamsConfiguration {
        configuration(applicationID, stateDirectory: directory.path)
    }

    func configuration(_ applicationID: String, stateDirectory: String) -> StreamsConfiguration {
        var configuration = StreamsConfiguration(
            applicationID: applicationID, bootstrapServers: [bootstrapServers], stateDirectory: stateDirectory)
        configuration.clientSettings.common = Self.common
        configuration.clientSettings.consumer = ["session.timeout.ms": "6000", "heartbeat.interval.ms": "200"]
        return configuration
    }

    // MARK: Topics

    func admin() throws -> KafkaAdmin { try KafkaAdmin(settings()) }

    /// Creates a topic with a unique name. Its records stay, however old their timestamps.
    func createTopic(_ base: String, partitions: Int32 = 1, configs: [String: String] = [:]) throws -> String {
        let name = Self.uniqueName(base)
        try createTopic(named: name, partitions: partitions, configs: configs)
        return name
    }

    func createTopic(named name: String, partitions: Int32 = 1, configs: [String: String] = [:]) throws {
        let topic = NewTopic(name, partitions: partitions, configs: ["retention.ms": "-1"].merging(configs) { $1 })
        let results = try admin().createTopics([topic], timeoutMs: 10_000)
        if case .failure(let error) = results[name], error.code != .topicAlreadyExists { throw error }
    }

    func addPartitions(to topic: String, upTo count: Int) throws {
        try #require(try admin().createPartitions([topic: count], timeoutMs: 10_000)[topic]).get()
    }

    func deleteTopic(_ topic: String) throws {
        try #require(try admin().deleteTopics([topic], timeoutMs: 10_000)[topic]).get()
    }

    // MARK: Records

    /// Writes records, as a Kafka client would: by key if no partition is given.
    func write(_ records: [TestRecord], to topic: String) throws {
        let producer = try KafkaProducer(
            settings(["linger.ms": "5", "partitioner": "murmur2_random", "message.max.bytes": "5000000"]))
        let handle = try producer.topic(named: topic)
        for record in records {
            try record.withBytes { key, value in
                try producer.produce(
                    handle, partition: record.partition ?? KafkaProducer.unassignedPartition, key: key, value: value,
                    timestampMs: record.timestampMs,
                    headers: record.headers.map { MessageHeader($0.key, Array($0.value.utf8)) })
            }
            producer.poll()
        }
        try producer.flush(timeoutMs: 10_000)
        if let failure = producer.takeDeliveryFailure() { throw failure.error }
    }

    func write(_ pairs: KeyValuePairs<String, String>, to topic: String) throws {
        try write(pairs.map { TestRecord(key: $0.key, value: $0.value) }, to: topic)
    }

    /// All committed records of a topic, by partition and offset; none if the topic does not exist.
    func read(_ topic: String) throws -> [ReadRecord] {
        guard case .success(let described) = try admin().describeTopics([topic], timeoutMs: 10_000)[topic] else {
            return []
        }
        let consumer = try KafkaConsumer(
            settings([
                "group.id": Self.uniqueName("reader"), "enable.partition.eof": "true", "auto.offset.reset": "earliest",
                "isolation.level": "read_committed", "enable.auto.commit": "false",
            ]))
        defer { try? consumer.close() }
        try consumer.assign(
            described.partitions.map { partition in
                AssignedPartition(
                    KafkaClient.TopicPartition(topic, partition.id), slot: Int(partition.id), start: .absolute(0))
            })
        var records: [ReadRecord] = []
        var open = Set(described.partitions.map { Int($0.id) })
        let deadline = ContinuousClock.now + .seconds(300)
        while !open.isEmpty {
            guard ContinuousClock.now < deadline else { throw DeadlinePassed("the end of \(topic)") }
            let batch = try consumer.poll(maxMessages: 1_000, timeoutMs: 100)
            records += batch.messages.map(ReadRecord.init)
            for case .endOfPartition(let slot, _) in batch.events { open.remove(slot) }
        }
        return records.sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
    }

    /// The last value of each key, without deleted ones.
    func table(_ topic: String) throws -> [String: String] {
        var table: [String: String] = [:]
        for record in try read(topic) { if let key = record.key { table[key] = record.value.map { _ in record.text } } }
        return table
    }
}

/// A record to write.
struct TestRecord {
    var key: String?
    var value: String?
    var partition: Int32?
    var timestampMs: Int64?
    var headers: KeyValuePairs<String, String> = [:]

    func withBytes(_ body: (UnsafeRawBufferPointer?, UnsafeRawBufferPointer?) throws -> Void) throws {
        try Array((key ?? "").utf8).withUnsafeBytes { keyBytes in
            try Array((value ?? "").utf8).withUnsafeBytes { valueBytes in
                try body(key == nil ? nil : keyBytes, value == nil ? nil : valueBytes)
            }
        }
    }
}

/// A record that was read back.
struct ReadRecord: Hashable {
    var partition: Int32
    var offset: Int64
    var timestampMs: Int64
    var key: String?
    var value: [UInt8]?
    var headers: [String: String]

    init(_ message: ConsumedMessage) {
        partition = message.partition
        offset = message.offset
        timestampMs = message.timestampMs
        key = message.key.map { String(decoding: $0, as: UTF8.self) }
        value = message.value.map { Array($0) }
        headers = Dictionary(
            message.headers.map { ($0.name, String(decoding: $0.value ?? [], as: UTF8.self)) }, uniquingKeysWith: { $1 }
        )
    }

    /// The value as text; a count, which is eight bytes that begin with zeros, as a number.
    var text: String {
        guard let value else { return "null" }
        guard value.count == 8, value[0] == 0 else { return String(decoding: value, as: UTF8.self) }
        return String(value.reduce(Int64(0)) { $0 << 8 | Int64($1) })
    }

    /// The value as a number of eight bytes.
    var double: Double? {
        guard let value, value.count == 8 else { return nil }
        return Double(bitPattern: value.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}

struct DeadlinePassed: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, _ situation: String = "") {
        description = "\(what) did not come in time\(situation.isEmpty ? "" : ": \(situation)")"
    }
}

/// Waits until a condition holds, checking it again and again.
///
/// - Parameter situation: describes the situation for the issue that is recorded if the condition does not come to hold.
func eventually(
    _ what: String, within limit: Duration = .seconds(300), situation: @autoclosure () -> String = "",
    sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try !condition() {
        guard ContinuousClock.now < deadline else {
            let error = DeadlinePassed(what, situation())
            Issue.record(error, sourceLocation: sourceLocation)
            throw error
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// Contains all tests that run applications, which run one after the other.
@Suite("Applications", .serialized, .timeLimit(.minutes(15)))
struct ApplicationTests {}
