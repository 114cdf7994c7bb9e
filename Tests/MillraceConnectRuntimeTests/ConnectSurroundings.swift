import Foundation
import Logging
import Millrace
import MillraceConnect
import MillraceConnectRuntime
import MillraceEngine
import MillraceRuntime
import Testing

/// The broker of the tests, a folder of files, and names that no other test uses.
final class ConnectSurroundings: Sendable {
    struct Missing: Error, CustomStringConvertible {
        let description =
            "MILLRACE_TEST_BOOTSTRAP_SERVERS is not set: start a Kafka broker and set it to HOST:PORT to run this test"
    }

    let servers: String
    let name = "connect-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    let ports: KafkaPorts

    /// The longest wait for anything: a loaded machine takes minutes.
    static let limit = Duration.seconds(900)

    init() throws {
        guard let servers = ProcessInfo.processInfo.environment["MILLRACE_TEST_BOOTSTRAP_SERVERS"], !servers.isEmpty
        else { throw Missing() }
        self.servers = servers
        ports = KafkaPorts(bootstrapServers: [servers], clientSettings: Self.client, logger: Logger(label: "test"))
        for name in ["in", "out"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true)
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private static let client = ["broker.address.family": "v4"]

    /// The topic of the lines.
    var topic: String { "\(name)-lines" }
    var input: String { folder.appending(path: "in").path }
    var output: String { folder.appending(path: "out").path }

    // MARK: Configurations

    /// A source of the input files, and whatever else is given.
    func configuration(
        _ others: [ConfiguredConnector] = [], pauseAtLag: LagLimit? = nil, hasSource: Bool = true
    ) -> ConnectConfiguration {
        let source = ConfiguredConnector(
            name: "lines", type: "file-source", connector: .source(FileSource(path: input, topic: topic)),
            pauseAtLag: pauseAtLag)
        var configuration = ConnectConfiguration(
            name: name, bootstrapServers: [servers], connectors: (hasSource ? [source] : []) + others)
        configuration.clientSettings = Self.client
        configuration.clientSettings["session.timeout.ms"] = "6000"
        configuration.partCheckInterval = .milliseconds(200)
        return configuration
    }

    /// The topic into the output folder.
    var sink: ConfiguredConnector {
        ConfiguredConnector(
            name: "copy", type: "file-sink", connector: .sink(FileSink(topics: [topic], folder: output)))
    }

    /// The same as a file for other processes.
    func configurationFile(_ connectors: String, named file: String = "connect.json") throws -> String {
        let text = """
            {"name": "\(name)", "bootstrapServers": ["\(servers)"], "partCheckInterval": "200ms",
             "kafka": {"broker.address.family": "v4", "session.timeout.ms": 6000}, "connectors": {\(connectors)}}
            """
        let file = folder.appending(path: file)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    // MARK: Files

    func write(_ lines: some Sequence<String>, to name: String) throws {
        let file = folder.appending(path: "in").appending(path: name).path
        if !FileManager.default.fileExists(atPath: file) {
            _ = FileManager.default.createFile(atPath: file, contents: nil)
        }
        let handle = try #require(FileHandle(forWritingAtPath: file))
        defer { try? handle.close() }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(lines.map { "\($0)\n" }.joined().utf8))
    }

    /// The lines that a sink has written, of all partitions.
    ///
    /// - Parameter folder: the sink's folder; `nil` for the output folder.
    func written(in folder: String? = nil) throws -> [String] {
        struct Line: Decodable { var value: String }
        let folder = folder ?? output
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().flatMap { name in
            let text = String(
                decoding: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data(), as: UTF8.self)
            return text.split(separator: "\n").compactMap { line in
                // The last line may be half written.
                try? JSONDecoder().decode(Line.self, from: Data(line.utf8)).value
            }
        }
    }

    // MARK: Topics

    func makeTopic(partitions: Int32 = 4, _ other: String? = nil, settings: [String: String] = [:]) throws {
        try ports.makeAdmin(clientID: "test").createTopics([
            NewTopic(name: other ?? topic, partitions: partitions, replicationFactor: 1, configuration: settings)
        ])
    }

    /// Reads the committed lines of the topic until there are as many as expected, and on to the end.
    func lines(_ count: Int, partitions: Int32 = 4) throws -> [String] {
        let reader = try ports.makeReader(clientID: "test")
        defer { reader.close() }
        let all = (0..<partitions).map { TopicPartition(topic: topic, partition: $0) }
        try reader.assign(all.enumerated().map { PartitionAssignment(partition: $1, slot: $0, offset: nil) })
        let deadline = ContinuousClock.now + Self.limit
        var lines: [String] = []
        var ended: Set<Int> = []
        while ContinuousClock.now < deadline, lines.count < count || ended.count < all.count {
            let polled = try reader.poll(maxRecords: 10_000, timeoutMs: 200)
            for run in polled.runs {
                ended.remove(run.slot)
                lines += run.records.map { String(decoding: $0.value.map(Array.init) ?? [], as: UTF8.self) }
            }
            for case .endOfPartition(let slot, _) in polled.events { ended.insert(slot) }
        }
        return lines
    }
}

/// Waits until a condition holds.
func eventually(
    _ what: Comment, within limit: Duration = ConnectSurroundings.limit,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record(what, sourceLocation: sourceLocation)
}

/// Runs workers, and stops them at the end.
func withWorkers<Result>(
    _ configurations: [ConnectConfiguration], _ body: ([ConnectWorker]) async throws -> Result
) async throws -> Result {
    let workers = configurations.map { ConnectWorker($0) }
    return try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in workers { group.addTask { try await worker.run() } }
        do {
            let result = try await body(workers)
            for worker in workers { worker.shutdown() }
            try await group.waitForAll()
            return result
        } catch {
            for worker in workers { worker.shutdown() }
            throw error
        }
    }
}

extension ConnectWorker {
    func connector(_ name: String) -> ConnectorStatus? { status.first { $0.name == name } }

    func states(of name: String) -> [ConnectorState] { connector(name)?.tasks.map(\.state) ?? [] }
}
