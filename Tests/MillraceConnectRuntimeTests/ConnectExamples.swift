import Logging
import Millrace
import MillraceConnect
import MillraceConnectRuntime
import ServiceLifecycle
import Testing
import UnixSignals

// The examples of docs/connect.md and of the comments of MillraceConnect and MillraceConnectRuntime, unchanged.

/// Numbers that count up: the simplest source of one's own.
struct Counter: SourceConnector {
    var topic: String
    var last: Int

    func partitions() -> [String] { ["numbers"] }

    func open(_ partition: String, from position: SourcePosition?) throws -> any SourcePartitionReader {
        CounterReader(counter: self, next: position.flatMap { Int($0.rawValue) } ?? 0)
    }
}

final class CounterReader: SourcePartitionReader {
    let counter: Counter
    var next: Int

    init(counter: Counter, next: Int) {
        self.counter = counter
        self.next = next
    }

    func read(_ count: Int, withinMs milliseconds: Int) -> SourceBatch {
        let end = min(next + count, counter.last + 1)
        guard next < end else { return SourceBatch() }
        let records = (next..<end).map { number in
            SourceRecord(topic: counter.topic, key: nil, value: Array("\(number)".utf8))
        }
        next = end
        return SourceBatch(records, position: SourcePosition(rawValue: "\(end)"))
    }

    func committed(_ position: SourcePosition) {}

    func close() {}
}

extension ConnectorKind {
    static let counter = ConnectorKind("counter-source") { settings in
        .source(
            Counter(topic: settings.topic("topic"), last: settings.number("last", in: 0...1_000_000, default: 100)))
    }
}

enum ConnectExamples {
    static func kind() -> ConnectorKind {
        let lines = ConnectorKind("file-source") { settings in
            .source(FileSource(path: settings.text("path"), topic: settings.text("topic")))
        }
        return lines
    }

    static func configuration() throws {
        let configuration = try ConnectConfiguration(file: "connect.json", kinds: [.fileSource, .fileSink])
        print(configuration.name, configuration.connectors.map(\.name))
    }

    static func worker() async throws {
        let configuration = try ConnectConfiguration(file: "connect.json", kinds: [.fileSource, .fileSink])
        let worker = ConnectWorker(configuration)
        try await worker.run()
        worker.shutdown()
    }

    static func ownKind() async throws {
        let configuration = try ConnectConfiguration(file: "connect.json", kinds: [.fileSource, .counter])
        let worker = ConnectWorker(configuration)
        let group = ServiceGroup(
            services: [worker], gracefulShutdownSignals: [.sigterm], logger: Logger(label: "connect"))
        try await group.run()
    }

    static func orders(_ worker: ConnectWorker) async throws {
        for connector in worker.status { print(connector.name, connector.state.rawValue, connector.tasks.count) }
        print(worker.otherProcesses?.map(\.name) ?? [])
        for sentence in worker.differences { print(sentence) }
        try await worker.pause("orders")
        try await worker.resume("orders")
        try await worker.restart("orders")
    }

    static func files() throws {
        let source = FileSource(path: "/var/spool/orders", topic: "orders")
        print(try source.partitions())
        let sink = FileSink(topics: ["orders"], folder: "/var/lib/orders")
        print(sink.topics)
    }
}

@Suite("The connector of the guide")
struct ConnectExampleTests {
    @Test("a connector of one's own is made from settings and goes on at its position")
    func counter() throws {
        let connector = try ConnectorKind.counter.connector(json: #"{"topic": "numbers", "last": 4}"#)
        guard case .source(let source) = connector else { return #expect(Bool(false), "it is no source") }
        let reader = try source.open("numbers", from: SourcePosition(rawValue: "3"))
        let batch = try reader.read(10, withinMs: 0)
        #expect(batch.records.map { String(decoding: $0.value ?? [], as: UTF8.self) } == ["3", "4"])
        #expect(try source.open("numbers", from: batch.position).read(10, withinMs: 0) == SourceBatch())
    }
}
