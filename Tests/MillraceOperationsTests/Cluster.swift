import ChildProcesses
import ClusterCore
import EmbeddedBroker
import Foundation
import KafkaClient
import Millrace
import MillraceOperations
import MillraceRuntime

/// An embedded broker with some topics, and what tests ask of it.
struct Cluster {
    struct Entry: Hashable {
        var partition: Int32
        var key: String?
        var value: String?
        var timestampMs: Int64
        var headers: [String]
    }

    let broker: EmbeddedBroker
    let connection: ClusterConnection
    let configuration: StreamsConfiguration

    init(_ topics: [String: Int32], applicationID: String = "shop") async throws {
        var configuration = EmbeddedBrokerConfiguration()
        configuration.port = 0
        configuration.topics = topics.sorted { $0.key < $1.key }.map {
            ClusterCore.NewTopic($0.key, partitionCount: $0.value, configs: ["retention.ms": "-1"])
        }
        broker = try await EmbeddedBroker.start(configuration)
        self.configuration = StreamsConfiguration(
            applicationID: applicationID, bootstrapServers: [broker.bootstrapServers],
            stateDirectory: FileManager.default.temporaryDirectory.appending(path: "state-\(UUID().uuidString)").path())
        connection = ClusterConnection(self.configuration)
    }

    func write(
        _ key: String?, _ value: String?, to topic: String, partition: Int32 = 0, timestampMs: Int64 = 1_000,
        headers: [(String, String)] = []
    ) throws {
        let producer = try KafkaProducer(["bootstrap.servers": broker.bootstrapServers])
        let handle = try producer.topic(named: topic)
        try Array((key ?? "").utf8).withUnsafeBytes { keyBytes in
            try Array((value ?? "").utf8).withUnsafeBytes { valueBytes in
                try producer.produce(
                    handle, partition: partition, key: key == nil ? nil : keyBytes,
                    value: value == nil ? nil : valueBytes, timestampMs: timestampMs,
                    headers: headers.map { MessageHeader($0.0, Array($0.1.utf8)) })
            }
        }
        try producer.flush(timeoutMs: 10_000)
        if let failure = producer.takeDeliveryFailure() { throw failure.error }
    }

    /// Writes a dead letter as an instance does.
    func writeLetter(
        _ key: String?, _ value: String?, from source: String, partition: Int32 = 0, offset: Int64 = 0,
        node: String = "parse", to topic: String = "dead", timestampMs: Int64 = 1_000
    ) throws {
        try write(
            key, value, to: topic, timestampMs: timestampMs,
            headers: [
                ("own", "kept"), ("__streams.errors.exception", "App.BadAmount"),
                ("__streams.errors.message", "processing: a closure threw [node \(node)]"),
                ("__streams.errors.stacktrace", "App.BadAmount(text: \"x\")"), ("__streams.errors.topic", source),
                ("__streams.errors.partition", "\(partition)"), ("__streams.errors.offset", "\(offset)"),
            ])
    }

    /// Commits offsets of the application's group.
    func commit(_ offsets: [KafkaClient.TopicPartition: Int64]) throws {
        let consumer = try KafkaConsumer([
            "bootstrap.servers": broker.bootstrapServers, "group.id": configuration.applicationID,
            "enable.auto.commit": "false",
        ])
        try consumer.commit(offsets.mapValues { CommittedOffset($0) })
        try consumer.close()
    }

    /// The committed records of a topic.
    func read(_ topic: String) throws -> [Entry] {
        var entries: [Entry] = []
        try Tail(topic, from: .beginning, to: .end, last: 0, follows: false, connection).visit { record in
            entries.append(
                Entry(
                    partition: record.topicPartition.partition,
                    key: record.key.map { String(decoding: $0, as: UTF8.self) },
                    value: record.value.map { String(decoding: $0, as: UTF8.self) }, timestampMs: record.timestampMs,
                    headers: record.headers.map(\.name)))
            return true
        }
        return entries
    }

    func waiting(_ topic: String = "dead") throws -> [DeadLetterID] {
        var ids: [DeadLetterID] = []
        try DeadLetterTopic(topic, connection).visit(DeadLetterFilter()) { letter in
            ids.append(letter.id)
            return true
        }
        return ids
    }

    /// The sentence and kind of the error that the body throws.
    static func failure(_ body: () throws -> Void) -> OperationError? {
        do { try body() } catch { return error as? OperationError }
        return nil
    }
}

/// The command of this build.
struct Command {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: ".build/debug")

    let process: ChildProcess
    private let output = Pipe()
    private let errors = Pipe()

    init(_ arguments: [String]) throws {
        process = try ChildProcess(
            Self.folder.appending(path: "millrace"), arguments, output: .pipe(output), errors: .pipe(errors))
    }

    /// Waits for the end.
    func finish() throws -> (status: Int32, output: String, errors: String) {
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let complaints = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: text, as: UTF8.self),
            String(decoding: complaints, as: UTF8.self)
        )
    }
}
