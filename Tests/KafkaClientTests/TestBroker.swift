import Foundation
import KafkaClient
import Testing

/// The broker of the integration tests, and the settings for it.
enum TestBroker {
    struct Missing: Error, CustomStringConvertible {
        let description =
            "MILLRACE_TEST_BOOTSTRAP_SERVERS is not set: start a Kafka broker and set it to HOST:PORT to run this test"
    }

    static func bootstrapServers() throws -> String {
        let variable = ProcessInfo.processInfo.environment["MILLRACE_TEST_BOOTSTRAP_SERVERS"]
        guard let variable, !variable.isEmpty else { throw Missing() }
        return variable
    }

    static func settings() throws -> ClientSettings {
        ["bootstrap.servers": try bootstrapServers(), "broker.address.family": "v4"]
    }

    /// A name that no other test and no earlier run uses.
    static func uniqueName(_ base: String) -> String {
        "\(base)-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    }

    static func admin() throws -> KafkaAdmin {
        try KafkaAdmin(try settings())
    }

    static func topic(_ base: String = "records", partitions: Int32 = 1) throws -> String {
        let name = uniqueName(base)
        // Some tests use timestamps of long ago, whose records a broker would soon delete.
        let topic = NewTopic(name, partitions: partitions, configs: ["retention.ms": "-1"])
        let results = try admin().createTopics([topic], timeoutMs: 10_000)
        try results[name]?.get()
        return name
    }

    static func producer(_ extra: ClientSettings = [:]) throws -> KafkaProducer {
        try KafkaProducer(try settings().merging(["linger.ms": "0"]).merging(extra))
    }

    static func consumer(group: String? = nil, _ extra: ClientSettings = [:]) throws -> KafkaConsumer {
        let base: ClientSettings = [
            "group.id": group ?? uniqueName("group"), "enable.auto.commit": "false", "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "range", "session.timeout.ms": "6000", "heartbeat.interval.ms": "200",
            "receive.message.max.bytes": "2000000000", "fetch.error.backoff.ms": "20", "fetch.wait.max.ms": "20",
        ]
        return try KafkaConsumer(try settings().merging(base).merging(extra))
    }
}

/// A record copied out of its batch.
struct Received: Equatable {
    var slot: Int
    var topic: String
    var partition: Int32
    var offset: Int64
    var timestampMs: Int64
    var key: [UInt8]?
    var value: [UInt8]?
    var headers: [MessageHeader]

    init(_ message: ConsumedMessage) {
        slot = message.slot
        topic = message.topic
        partition = message.partition
        offset = message.offset
        timestampMs = message.timestampMs
        key = message.key.map { [UInt8]($0) }
        value = message.value.map { [UInt8]($0) }
        headers = message.headers
    }

    var text: String? { value.map { String(decoding: $0, as: UTF8.self) } }
}

extension KafkaProducer {
    /// Produces texts; `nil` is a null.
    func send(
        _ value: String?, key: String? = nil, to topic: String, partition: Int32 = 0, timestampMs: Int64? = nil,
        headers: [MessageHeader] = []
    ) throws {
        let topic = try self.topic(named: topic)
        let key = key.map { Array($0.utf8) }
        let value = value.map { Array($0.utf8) }
        let keyBuffer = key.map { UnsafeMutableRawBufferPointer.copy($0) }
        let valueBuffer = value.map { UnsafeMutableRawBufferPointer.copy($0) }
        defer {
            keyBuffer?.deallocate()
            valueBuffer?.deallocate()
        }
        try produce(
            topic, partition: partition, key: keyBuffer.map(UnsafeRawBufferPointer.init),
            value: valueBuffer.map(UnsafeRawBufferPointer.init), timestampMs: timestampMs, headers: headers)
    }
}

extension UnsafeMutableRawBufferPointer {
    static func copy(_ bytes: [UInt8]) -> Self {
        let buffer = Self.allocate(byteCount: bytes.count, alignment: 1)
        buffer.copyBytes(from: bytes)
        return buffer
    }
}

extension KafkaConsumer {
    func assign(_ topic: String, partition: Int32 = 0, slot: Int = 0, from start: StartOffset = .beginning) throws {
        try assign([AssignedPartition(TopicPartition(topic, partition), slot: slot, start: start)])
    }

    /// Polls until `count` records have arrived; fails after ten seconds.
    func receive(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) throws -> [Received] {
        var received: [Received] = []
        try eventually("\(count) records", sourceLocation: sourceLocation) {
            received += try poll(maxMessages: 100, timeoutMs: 50).messages.map(Received.init)
            return received.count >= count
        }
        return received
    }

    /// Polls until the end of the only partition is reached; needs `enable.partition.eof`.
    func receiveToEnd(sourceLocation: SourceLocation = #_sourceLocation) throws -> [Received] {
        var received: [Received] = []
        try eventually("the end of the partition", sourceLocation: sourceLocation) {
            let batch = try poll(maxMessages: 100, timeoutMs: 50)
            received += batch.messages.map(Received.init)
            return batch.events.contains { if case .endOfPartition = $0 { true } else { false } }
        }
        return received
    }
}

struct DeadlinePassed: Error, CustomStringConvertible {
    let description: String
}

/// Repeats a step until it returns true. The step does the waiting.
func eventually(
    _ what: String, within limit: Duration = .seconds(300), sourceLocation: SourceLocation = #_sourceLocation,
    _ step: () throws -> Bool
) throws {
    let deadline = ContinuousClock.now + limit
    while try !step() {
        guard ContinuousClock.now < deadline else {
            let failure = DeadlinePassed(description: "\(what) did not come within \(limit)")
            Issue.record(failure, sourceLocation: sourceLocation)
            throw failure
        }
    }
}

/// Contains all tests that need a broker, which run one after the other.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct BrokerTests {}
