import AsyncHTTPClient
import ClusterCore
import EmbeddedBroker
import Foundation
import KafkaClient
import Logging
import Millrace
import MillraceRuntime
import MillraceServer
import MillraceVectors
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Testing

/// All tests that run applications with servers, one after the other.
@Suite("Servers", .serialized, .timeLimit(.minutes(15)))
struct ServerTests {}

/// A broker in this process, and what the tests ask of it.
final class TestBroker: Sendable {
    static let input = "events"
    static let partitionCount: Int32 = 4

    let broker: EmbeddedBroker
    let application = "app-\(UInt64.random(in: 0...UInt64.max))"
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
        "millrace-server-\(UUID().uuidString)")

    init() async throws {
        var configuration = EmbeddedBrokerConfiguration()
        configuration.logger.logLevel = .error
        // Compaction, which comes every 15 s by default, would remove changes that a test has written and not read yet.
        configuration.cluster.logCleanerBackoffMs = 3_600_000
        configuration.topics = [
            NewTopic(Self.input, partitionCount: Self.partitionCount, configs: ["retention.ms": "-1"])
        ]
        broker = try await EmbeddedBroker.start(configuration)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// Writes records as a Kafka client does; returns the position after them.
    @discardableResult
    func write(_ records: [(key: String, value: String, timestampMs: Int64)]) throws -> Int {
        let producer = try KafkaProducer([
            "bootstrap.servers": broker.bootstrapServers, "linger.ms": "1", "partitioner": "murmur2_random",
        ])
        let topic = try producer.topic(named: Self.input)
        for record in records {
            try Array(record.key.utf8).withUnsafeBytes { key in
                try Array(record.value.utf8).withUnsafeBytes { value in
                    try producer.produce(
                        topic, partition: KafkaProducer.unassignedPartition, key: key, value: value,
                        timestampMs: record.timestampMs, headers: [])
                }
            }
            producer.poll()
        }
        try producer.flush(timeoutMs: 10_000)
        if let failure = producer.takeDeliveryFailure() { throw failure.error }
        return records.count
    }

    func write(_ keys: [String], timestampMs: Int64 = 1_000) throws {
        try write(keys.map { (key: $0, value: "v-\($0)", timestampMs: timestampMs) })
    }
}

/// An application with its server, until it is stopped.
final class TestServer: Sendable {
    let application: StreamsApplication
    let address: InstanceAddress
    private let tasks: [Task<Void, any Error>]
    private let group: ServiceGroup
    let server: MillraceServer

    init(
        _ broker: TestBroker, number: Int, standbys: Int = 0, settings given: MillraceServer.Configuration = .init(),
        at place: InstanceAddress? = nil, topology: @Sendable () throws -> Topology = TestServer.topology
    ) async throws {
        var configuration = StreamsConfiguration(
            applicationID: broker.application, bootstrapServers: [broker.broker.bootstrapServers],
            stateDirectory: broker.directory.appendingPathComponent("state-\(number)").path)
        configuration.clientSettings.consumer = ["session.timeout.ms": "6000", "heartbeat.interval.ms": "200"]
        configuration.standbyReplicas = standbys
        var settings = given
        if let place { settings.address = place } else { settings.address = try await Self.freeAddress() }
        address = settings.address
        configuration.applicationServer = address.description
        var logger = Logger(label: "server-test")
        logger.logLevel = .critical
        application = StreamsApplication(try topology(), configuration: configuration, logger: logger)
        server = MillraceServer(application: application, configuration: settings, logger: logger)
        let group = ServiceGroup(services: [server], logger: logger)
        self.group = group
        tasks = [Task { [application] in try await application.run() }, Task { try await group.run() }]
        guard await server.address != nil else {
            try await tasks[1].value
            throw Missing(what: "a server that listens")
        }
    }

    /// A store of each kind that can be read, all of the same topic. The counts have no cache, which would merge the changes of a
    /// key between two commits.
    static func topology() throws -> Topology {
        let builder = StreamsBuilder()
        let events = builder.stream(TestBroker.input, key: .string, value: .string)
        let grouped = events.groupByKey()
        grouped.count(into: .store("counts").withoutCache().indexed(by: similarCounts))
        grouped.count(into: .store("unlogged").withoutChangelog())
        grouped.windowedBy(.tumbling(.seconds(1), grace: .seconds(3_600))).count(into: .store("per-second"))
        grouped.windowedBy(.session(gap: .seconds(1), grace: .seconds(3_600))).count(into: .store("sessions"))
        _ = events.toTable(into: .versioned("versions", historyRetention: .seconds(3_600)))
        return try builder.build()
    }

    static let similarCounts = VectorIndex<String, Int64>(
        "similar-counts", of: { [Float($0), 1] }, dimensions: 2, attributes: [.number("count") { Double($0) }])

    /// An address whose port nobody uses.
    static func freeAddress() async throws -> InstanceAddress {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(channel.localAddress?.port)
        try await channel.close()
        return InstanceAddress(host: "127.0.0.1", port: port)
    }

    /// Waits until it has some of the tasks and runs.
    func awaitsTasks(_ count: Int) async throws {
        try await eventually("\(count) tasks") {
            self.application.state == .running && self.application.metrics.tasks.count == count
        }
    }

    /// Stops the server and the application.
    func stop() async throws {
        application.shutdown()
        tasks[1].cancel()
        try await tasks[0].value
        _ = await tasks[1].result
    }

    /// Shuts the instance down as a signal does: the server ends its streams with a reason.
    func shutDown() async throws {
        await group.triggerGracefulShutdown()
        try await tasks[1].value
        application.shutdown()
        try await tasks[0].value
    }

    /// Stops the server, while the application goes on.
    func stopServer() async throws {
        tasks[1].cancel()
        _ = await tasks[1].result
    }

    func get(_ target: String, _ headers: [(String, String)] = []) async throws -> Reply {
        try await send(.GET, target, headers)
    }

    func send(
        _ method: HTTPMethod, _ target: String, _ headers: [(String, String)] = [], body: String? = nil
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: "http://\(address)\(target)")
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        return Reply(
            status: Int(response.status.code), headers: response.headers,
            body: try await response.body.collect(upTo: 64 << 20))
    }

    func batch(_ store: String, _ keys: [String], query: String = "") async throws -> Reply {
        let body = String(decoding: try JSONEncoder().encode(["keys": keys]), as: UTF8.self)
        return try await send(
            .POST, "/stores/\(store)/entries:batch\(query)", [("content-type", "application/json")], body: body)
    }
}

struct Missing: Error {
    var what: String
}

/// A response that has been read.
struct Reply {
    var status: Int
    var headers: HTTPHeaders
    var body: ByteBuffer

    var text: String { String(buffer: body) }
    var position: String { headers.first(name: "millrace-position") ?? "" }

    var json: [String: Any] {
        get throws {
            try #require(try JSONSerialization.jsonObject(with: Data(buffer: body)) as? [String: Any])
        }
    }

    var code: String { (try? json["code"] as? String) ?? "" }
    var value: Int? { try? json["value"] as? Int }

    /// The keys and windows of the entries of a page.
    var places: [String] {
        get throws {
            try #require(try json["entries"] as? [[String: Any]]).map { entry in
                "\(entry["key"] ?? "") \((entry["window"] as? [String: Any])?["startMs"] ?? "")"
            }
        }
    }

    /// The keys of the entries of a page.
    var keys: [String] {
        get throws { try #require(try json["entries"] as? [[String: Any]]).compactMap { $0["key"] as? String } }
    }
}

/// Waits until a condition holds, looking again and again.
func eventually(
    _ what: String, within limit: Duration = .seconds(300), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("\(what) did not come in time", sourceLocation: sourceLocation)
            throw Missing(what: what)
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// Runs a test with applications that share their tasks, and stops them.
func withServers(
    _ count: Int = 1, standbys: Int = 0, settings: MillraceServer.Configuration = .init(),
    topology: @Sendable () throws -> Topology = TestServer.topology, tasks: Int = Int(TestBroker.partitionCount),
    _ body: (TestBroker, [TestServer]) async throws -> Void
) async throws {
    let broker = try await TestBroker()
    var servers: [TestServer] = []
    for number in 0..<count {
        servers.append(
            try await TestServer(broker, number: number, standbys: standbys, settings: settings, topology: topology))
    }
    do {
        for server in servers { try await server.awaitsTasks(tasks / count) }
        try await body(broker, servers)
    } catch {
        for server in servers { try? await server.stop() }
        try? await broker.broker.stop()
        throw error
    }
    for server in servers { try? await server.stop() }
    try await broker.broker.stop()
}
