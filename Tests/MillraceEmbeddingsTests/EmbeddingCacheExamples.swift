import Logging
import MillraceEmbeddings
import MillraceMetrics
import MillraceRuntime
import MillraceServer
import MillraceVectors
import ServiceLifecycle
import Testing

/// The examples of docs/embedding-cache.md and of the comments, unchanged.
@Suite("Examples of the cache of embeddings")
struct EmbeddingCacheExamples {
    private struct Model: Sendable {
        func embedding(of text: String) async throws -> [Float]? { text.isEmpty ? nil : [Float(text.utf8.count), 1] }
    }

    private struct Case: Codable, Sendable {
        var embedding: [Float]
    }

    @Test("those of reading run")
    func reading() async throws {
        let model = Model()
        let source = ClosureEmbeddingSource { key in
            try await model.embedding(of: key.key).map { Embedding($0) }
        }
        let cache = try EmbeddingCache("cases", source: source)
        let embedding = try await cache.get("case-17")
        #expect(embedding?.vector == [7, 1])
        let several = try await cache.get(["case-17", "case-18"])
        #expect(several.count == 2)
        cache.changed("case-17")
    }

    @Test("those of searches run")
    func searching() async throws {
        let source = ClosureEmbeddingSource { _ in Embedding([1, 2]) }
        let embedding: [Float] = [1, 2]
        var configuration = EmbeddingCacheConfiguration()
        configuration.capacityInBytes = 512 << 20
        configuration.timeToLive = .seconds(3_600)
        configuration.namespaces["tenant-1"] = EmbeddingNamespace(
            guaranteedBytes: 64 << 20, maxBytes: 256 << 20, dimensions: 2, metric: .cosine)
        let cache = try EmbeddingCache("cases", source: source, configuration: configuration)
        _ = try await cache.get("case-17", in: "tenant-1")
        let nearest = try cache.search(near: embedding, count: 10, in: "tenant-1")
        #expect(nearest.map(\.key) == ["case-17"])
    }

    private func services(_ application: StreamsApplication, _ logger: Logger) throws -> ServiceGroup {
        let source = MillraceTableSource("http://cases-1:8080", store: "cases", of: Case.self) { $0.embedding }
        let announcements = KafkaEmbeddingAnnouncements(bootstrapServers: ["localhost:9092"])
        let cache = try EmbeddingCache(source: source, announcements: announcements)
        let registry = PrometheusRegistry()
        let cacheMetrics = EmbeddingCacheMetricsReporter([cache], client: "agent-1", factory: registry)
        let server = MillraceServer(application: application, metrics: registry)
        return ServiceGroup(
            services: [application, server, EmbeddingCacheService(cache), cacheMetrics], logger: logger)
    }

    private func alone(_ cache: EmbeddingCache, _ logger: Logger) async throws {
        let group = ServiceGroup(services: [EmbeddingCacheService(cache)], logger: logger)
        try await group.run()
    }
}
