import MillraceConnect
import MillraceRedis
import MillraceVectors
import NIOCore
import RedisClient
import Servers
import Testing

@Suite("Embeddings in Redis", .timeLimit(.minutes(15)))
struct RedisEmbeddingsTests {
    private func configuration(_ server: TestRedis) -> RedisEmbeddings.Configuration {
        var configuration = RedisEmbeddings.Configuration()
        configuration.server = server.server
        configuration.layout.hasNamespaces = true
        return configuration
    }

    @Test("what is stored is loaded, in namespaces that never meet; newer versions stay; absent keys are absent")
    func roundTrip() async throws {
        let server = try TestRedis()
        let source = try RedisEmbeddings(configuration(server))
        let (a, b, c) = (EmbeddingKey("b:c", in: "a"), EmbeddingKey("c", in: "a:b"), EmbeddingKey("c", in: "a%3Ab"))
        try await source.store([
            a: Embedding([1, -0.5], version: 7), b: Embedding([2]), c: Embedding([3], version: .max),
        ])
        let found = try await source.load([a, b, c, EmbeddingKey("none")], within: .seconds(60))
        #expect(found == [a: Embedding([1, -0.5], version: 7), b: Embedding([2]), c: Embedding([3], version: .max)])
        try await source.store([a: Embedding([9], version: 6), b: Embedding([4]), c: Embedding([9], version: .max - 1)])
        try await source.store([a: Embedding([9])])
        let later = try await source.load([a, b, c], within: .seconds(60))
        #expect(later == [a: Embedding([1, -0.5], version: 7), b: Embedding([4]), c: Embedding([3], version: .max)])
        let connection = try await server.connect()
        let left = try await connection.send(["PTTL", "embedding:a:b:c"]).integer
        #expect((1...300_000).contains(left ?? 0))
    }

    @Test("a value that is no embedding fails with a sentence; a server that was away is found again")
    func failures() async throws {
        let server = try TestRedis()
        let source = try RedisEmbeddings(configuration(server))
        let connection = try await server.connect()
        try await connection.send(["HSET", "embedding::k", "embedding", "abc"])
        let bytes = await #expect(throws: ConnectorError.self) {
            try await source.load([EmbeddingKey("k")], within: .seconds(60))
        }
        #expect(bytes?.message.contains("embedding::k has 3 bytes") == true)
        try await connection.send(["SET", "embedding::t", "x"])
        let type = await #expect(throws: ConnectorError.self) {
            try await source.load([EmbeddingKey("t")], within: .seconds(60))
        }
        #expect(type?.message.contains("another type") == true)
        server.process.freeze()
        let late = await #expect(throws: ConnectorError.self) {
            try await source.load([EmbeddingKey("k")], within: .milliseconds(50))
        }
        #expect(late?.kind == .temporary)
        server.process.thaw()
        server.process.kill()
        await #expect(throws: ConnectorError.self) { try await source.load([EmbeddingKey("x")], within: .seconds(60)) }
        try server.process.start()
        var found: [EmbeddingKey: Embedding]?
        while found == nil { found = try? await source.load([EmbeddingKey("x")], within: .seconds(60)) }
        #expect(found == [:])
    }

    @Test("many tasks share the connections, and each gets its own answers")
    func manyTasks() async throws {
        let server = try TestRedis()
        let source = try RedisEmbeddings(configuration(server))
        var all: [EmbeddingKey: Embedding] = [:]
        for number in 0..<500 { all[EmbeddingKey("\(number)")] = Embedding([Float(number)], version: Int64(number)) }
        try await source.store(all)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (key, embedding) in all {
                group.addTask {
                    let found = try await source.load([key], within: .seconds(60))
                    #expect(found == [key: embedding])
                }
            }
            try await group.waitForAll()
        }
        let clients = try await server.connect().send(["CLIENT", "LIST"]).text?.split(separator: "\n").count
        #expect(clients == 3)
    }

    @Test("in front of a database, Redis is asked first and filled by and by; without Redis the database answers")
    func layers() async throws {
        let server = try TestRedis()
        let redis = try RedisEmbeddings(configuration(server))
        let database = ClosureEmbeddingSource(maxBatchCount: 50) { keys, _ in
            Dictionary(uniqueKeysWithValues: keys.filter { $0.key != "none" }.map { ($0, Embedding([1], version: 1)) })
        }
        let source = LayeredEmbeddings(redis, over: database, frontTimeout: .seconds(60))
        #expect(source.maxBatchCount == 50)
        let keys = ["a", "b", "none"].map { EmbeddingKey($0) }
        #expect(try await source.load(keys, within: .seconds(120)).count == 2)
        while source.measures.storedCount < 2 { await Task.yield() }
        #expect(try await source.load(keys, within: .seconds(120)).count == 2)
        let measures = source.measures
        #expect(measures.frontCount == 2 && measures.backCount == 2 && measures.absentCount == 2)
        server.process.kill()
        #expect(try await source.load(keys, within: .seconds(120)).count == 2)
        #expect(source.measures.frontFailures == 1)
        while source.measures.unstoredCount < 2 { await Task.yield() }
        let cache = try EmbeddingCache(source: source)
        #expect(try await cache.get("a", within: .seconds(600)) == Embedding([1], version: 1))
    }

    @Test("what is removed is gone, unless Redis has a newer version by then")
    func removal() async throws {
        let server = try TestRedis()
        let redis = try RedisEmbeddings(configuration(server))
        let (a, b) = (EmbeddingKey("a"), EmbeddingKey("b"))
        try await redis.store([a: Embedding([1], version: 3), b: Embedding([1], version: 12)])
        try await redis.remove([a: 3, b: 9, EmbeddingKey("none"): 1])
        #expect(try await redis.load([a, b], within: .seconds(60)) == [b: Embedding([1], version: 12)])
    }
}
