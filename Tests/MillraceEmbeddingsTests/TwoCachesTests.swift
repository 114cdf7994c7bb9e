import ClusterCore
import EmbeddedBroker
import Foundation
import KafkaClient
import Logging
import Millrace
import MillraceEmbeddings
import MillraceMetrics
import MillraceRuntime
import MillraceServer
import MillraceVectors
import ServiceLifecycle
import Synchronization
import Testing

@Suite("Caches of embeddings on a cluster", .serialized, .timeLimit(.minutes(20)))
struct TwoCachesTests {
    /// A source that counts its loads.
    private final class CountingSource: EmbeddingSource {
        let maxBatchCount = 10
        let versions = Mutex<[String: Int64]>([:])
        let loads = Mutex<[String]>([])

        func load(_ keys: [EmbeddingKey], within timeout: Duration) async throws -> [EmbeddingKey: Embedding] {
            loads.withLock { $0 += keys.map(\.key) }
            return versions.withLock { versions in
                var found: [EmbeddingKey: Embedding] = [:]
                for key in keys {
                    if let version = versions[key.key] {
                        found[key] = Embedding([Float(version), 1], version: version)
                    }
                }
                return found
            }
        }
    }

    private static func broker(_ topics: [ClusterCore.NewTopic] = []) async throws -> EmbeddedBroker {
        var configuration = EmbeddedBrokerConfiguration()
        configuration.logger.logLevel = .error
        configuration.topics = topics
        return try await EmbeddedBroker.start(configuration)
    }

    private static func write(_ values: [(key: String, value: String)], to topic: String, _ servers: String) throws {
        let producer = try KafkaProducer(["bootstrap.servers": servers, "partitioner": "murmur2_random"])
        let handle = try producer.topic(named: topic)
        for (key, value) in values {
            try Array(key.utf8).withUnsafeBytes { key in
                try Array(value.utf8).withUnsafeBytes { value in
                    try producer.produce(handle, key: key, value: value, timestampMs: 1_000)
                }
            }
        }
        try producer.flush(timeoutMs: 10_000)
    }

    @Test(
        "what one loads, the other one warms by the announcement, a newer version replaces an older one, and all end cleanly"
    )
    func warming() async throws {
        let broker = try await Self.broker()
        let source = CountingSource()
        source.versions.withLock { $0 = ["a": 1] }
        let channels = (0..<2).map { _ in KafkaEmbeddingAnnouncements(bootstrapServers: [broker.bootstrapServers]) }
        let caches = try channels.map { try EmbeddingCache("cases", source: source, announcements: $0) }
        let (one, two) = (caches[0], caches[1])
        var logger = Logger(label: "cache-test")
        logger.logLevel = .critical
        let group = ServiceGroup(services: caches.map { EmbeddingCacheService($0) }, logger: logger)
        let running = Task { try await group.run() }
        for channel in channels { await channel.reading() }

        #expect(try await one.get("a")?.version == 1)
        try await two.until { two.cached("a") == .found(Embedding([1, 1], version: 1)) }
        // Neither the own announcement nor the one of what is there already leads to a load.
        #expect(two.measures.loadedAnnouncements == 1)
        #expect(source.loads.withLock { $0 } == ["a", "a"])

        source.versions.withLock { $0["a"] = 2 }
        two.changed("a", version: 2)
        for cache in caches { try await cache.until { cache.cached("a") == .found(Embedding([2, 1], version: 2)) } }
        // An absence that is remembered by one ends when the other one announces.
        #expect(try await one.get("b") == nil)
        source.versions.withLock { $0["b"] = 5 }
        #expect(try await two.get("b")?.version == 5)
        try await one.until { one.cached("b") == .found(Embedding([5, 1], version: 5)) }

        // A record that is no announcement is passed over, and a program may announce.
        source.versions.withLock { $0["c"] = 1 }
        try Self.write(
            [("x", "no JSON"), ("c", #"{"key": "c", "origin": "a program", "version": 1}"#)], to: "vector-ready",
            broker.bootstrapServers)
        for cache in caches { try await cache.until { cache.cached("c") == .found(Embedding([1, 1], version: 1)) } }
        #expect(channels.map(\.unreadableCount) == [1, 1])

        await group.triggerGracefulShutdown()
        try await running.value
        #expect(channels.allSatisfy { !$0.isReading })
        await #expect(throws: EmbeddingCacheError.self) { try await one.get("unknown") }
        try await broker.stop()
    }

    private struct Case: Codable, Sendable {
        var embedding: [Float]
    }

    @Test("a table of another application is a source, over its server, and its metrics are at /metrics")
    func table() async throws {
        let broker = try await Self.broker([
            ClusterCore.NewTopic("cases", partitionCount: 2, configs: ["retention.ms": "-1"])
        ])
        try Self.write(
            (0..<20).map { ("case-\($0)", #"{"embedding": [\#($0), 1]}"#) } + [("odd", #"{"embedding": [1, 2, 3]}"#)],
            to: "cases", broker.bootstrapServers)
        let builder = StreamsBuilder()
        builder.table("cases", key: .string, value: .json(Case.self), into: .store("cases"))
        let directory = FileManager.default.temporaryDirectory.appending(path: "cache-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var configuration = StreamsConfiguration(
            applicationID: "cases", bootstrapServers: [broker.bootstrapServers], stateDirectory: directory)
        configuration.applicationServer = "127.0.0.1:1"
        var logger = Logger(label: "cache-test")
        logger.logLevel = .critical
        let application = StreamsApplication(try builder.build(), configuration: configuration, logger: logger)
        let registry = PrometheusRegistry()
        var settings = MillraceServer.Configuration()
        settings.address = InstanceAddress(host: "127.0.0.1", port: 0)
        let server = MillraceServer(
            application: application, configuration: settings, metrics: registry, logger: logger)
        let group = ServiceGroup(services: [application, server], logger: logger)
        let running = Task { try await group.run() }
        let address = try #require(await server.address)

        let source = MillraceTableSource("http://\(address)", store: "cases", of: Case.self) { $0.embedding }
        var cacheConfiguration = EmbeddingCacheConfiguration()
        cacheConfiguration.otherNamespaces = EmbeddingNamespace(dimensions: 2, metric: .euclidean)
        let cache = try EmbeddingCache("cases", source: source, configuration: cacheConfiguration)
        // The store is read as soon as it can be, and then may not have everything yet.
        for key in (0..<20).map({ "case-\($0)" }) {
            while try await cache.get(key, within: .seconds(900)) == nil { cache.changed(key) }
        }
        do { while try await cache.get("odd", within: .seconds(900)) == nil { cache.changed("odd") } } catch {}
        #expect(try await cache.get("case-7") == Embedding([7, 1], version: 1_000))
        #expect(try await cache.get("nothing") == nil)
        #expect(try await cache.get((0..<20).map { "case-\($0)" }).count == 20)
        #expect(try cache.search(near: [12.1, 1], count: 2).map(\.key) == ["case-12", "case-13"])
        await #expect(throws: EmbeddingCacheError.self) { try await cache.get("odd") }
        #expect(cache.cached("odd") == .unknown)

        let cacheMetrics = EmbeddingCacheMetricsReporter([cache], client: "agent-1", factory: registry)
        cacheMetrics.report()
        func hasLine(_ name: String, _ parts: String...) -> Bool {
            registry.exposition().split(separator: "\n").contains { line in
                line.hasPrefix(name + "{") && parts.allSatisfy { line.contains($0) }
            }
        }
        #expect(
            hasLine("millrace_embedding_cache_loads_total", #"cache="cases""#, #"client="agent-1""#, #"result="found""#)
        )
        #expect(hasLine("millrace_embedding_cache_entries", #"cache="cases""#, #"namespace="""#, "} 21"))

        let wrong = try EmbeddingCache(
            source: MillraceTableSource("http://\(address)", store: "no such store", of: Case.self) { $0.embedding })
        do {
            _ = try await wrong.get("case-1", within: .seconds(10))
            Issue.record("a store that does not exist has answered")
        } catch let error as EmbeddingCacheError {
            #expect(error.code == .sourceFailed)
            #expect((error.cause as? MillraceTableSourceError)?.code == "store_unknown")
        }
        await group.triggerGracefulShutdown()
        try? await running.value
        // The source is away: an error for what is not there, and answers for what is.
        await #expect(throws: EmbeddingCacheError.self) { try await cache.get("case-99", within: .seconds(1)) }
        #expect(try await cache.get("case-7")?.vector == [7, 1])
        try await broker.stop()
    }
}
