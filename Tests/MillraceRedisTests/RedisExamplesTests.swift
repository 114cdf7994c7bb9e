import Millrace
import MillraceConnect
import MillraceRedis
import MillraceTesting
import MillraceVectors
import Testing

@Suite("Examples of the documentation of Redis")
struct RedisExamplesTests {
    @Test("sources")
    func sources() throws {
        let source = try RedisStreamsSource(.init(topics: ["payments": "payments"]))
        #expect(source.partitions() == ["payments"])
    }

    @Test("messages")
    func messages() throws {
        var configuration = RedisPubSubSource.Configuration(topic: "changes")
        configuration.channels = ["changes"]
        let source = try RedisPubSubSource(configuration)
        #expect(source.partitions().count == 1)
    }

    @Test("sinks")
    func sinks() throws {
        let sink = try RedisStreamsSink(.init(name: "payments", streams: ["payments": "payments"]))
        #expect(sink.topics == ["payments"])
        let vectors = try RedisVectors(.init(name: "agents", topics: ["agent-context"], dimension: 1_536))
        #expect(vectors.topics == ["agent-context"])
    }

    @Test("a cache in front of Redis")
    func cache() throws {
        let redis = try RedisEmbeddings()
        let cache = try EmbeddingCache("agents", source: redis)
        #expect(cache.name == "agents")
    }

    @Test("a cache in front of Redis in front of a database")
    func layers() async throws {
        let redis = try RedisEmbeddings()
        let postgres = ClosureEmbeddingSource { _ in nil }
        let source = LayeredEmbeddings(redis, over: postgres)
        #expect(source.maxBatchCount == 1)
        do {
            let cache = try EmbeddingCache("agents", source: source)
            #expect(cache.name == "agents")
        }
        do {
            let database = ClosureEmbeddingSource(maxBatchCount: 100) { keys, timeout in
                try await rows(of: keys, within: timeout)
            }
            let redis = try RedisEmbeddings()
            let cache = try EmbeddingCache("agents", source: LayeredEmbeddings(redis, over: database))
            #expect(cache.name == "agents")
        }
    }

    @Test("a topology in place of a gears script")
    func gears() throws {
        let builder = StreamsBuilder()
        builder.stream("sessions", key: .string, value: .string)
            .filter { _, event in event == "expired" }
            .groupBy(key: .string, value: .string) { key, _ in
                key?.split(separator: ":").dropFirst().first.map(String.init)
            }
            .count()
            .toStream()
            .to("expired-sessions")
        let topology = try builder.build()
        let driver = try TopologyTestDriver(topology)
        let sessions = driver.inputTopic("sessions", key: .string, value: .string)
        for (key, event) in [("session:ann:1", "expired"), ("session:bob:1", "set"), ("session:ann:2", "expired")] {
            try sessions.pipe(key: key, value: event)
        }
        let counts = driver.outputTopic("expired-sessions", key: .string, value: .int64)
        #expect(try counts.readTable() == ["ann": 2])
    }
}

private func rows(of keys: [EmbeddingKey], within timeout: Duration) async throws -> [EmbeddingKey: Embedding] { [:] }
