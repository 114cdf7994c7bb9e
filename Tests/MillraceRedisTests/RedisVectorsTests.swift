import Millrace
import MillraceConnect
import MillraceRedis
import MillraceVectors
import NIOCore
import RedisClient
import Servers
import Testing

@Suite("A mirror of embeddings in Redis", .timeLimit(.minutes(15)))
struct RedisVectorsTests {
    private static let partition = TopicPartition(topic: "agents", partition: 0)

    private func configuration(_ server: TestRedis) -> RedisVectors.Configuration {
        var configuration = RedisVectors.Configuration(name: "mirror", topics: ["agents"], dimension: 2)
        configuration.server = server.server
        configuration.attributes = ["team": .tag, "age": .number]
        configuration.metric = .euclidean
        return configuration
    }

    private func record(_ offset: Int64, _ key: String?, _ value: String?) -> SinkRecord {
        SinkRecord(
            partition: Self.partition, offset: offset, key: key.map { Array($0.utf8) },
            value: value.map { Array($0.utf8) })
    }

    /// Returns the keys that a search finds, the nearest first.
    private func search(_ server: TestRedis, near vector: [Float], filter: String = "*") throws -> [String] {
        var blob = ByteBuffer()
        for component in vector { blob.writeInteger(component.bitPattern, endianness: .little) }
        let answer = try server.ask([
            "FT.SEARCH", "embeddings", "\(filter)=>[KNN 10 @embedding $v AS distance]", "PARAMS", "2", "v", .init(blob),
            "SORTBY", "distance", "NOCONTENT", "DIALECT", "2",
        ])
        return (answer.elements ?? []).dropFirst().compactMap(\.text)
    }

    @Test("vectors are found by neighbours and filters; tombstones delete; a changed record loses its old fields")
    func mirror() async throws {
        let server = try TestRedis(search: true)
        try await onThread {
            let writer = try RedisVectors(configuration(server)).open()
            #expect(try writer.begin([Self.partition]) == [Self.partition: 0])
            let refused = try writer.write([
                record(0, "a", #"{"embedding":[0,0],"team":"x","age":3,"note":{"b":null}}"#),
                record(1, "b", #"{"embedding":"[1, 0]","team":"y"}"#),
                record(2, "c", #"{"embedding":{"$base64":"AAAAQAAAAAA="},"team":"x"}"#),
                record(3, "d", #"{"embedding":[1,2,3]}"#), record(4, "e", "{}"), record(5, nil, "{}"),
                record(6, "f", "[]"), record(7, "g", #"{"embedding":[1,"x"]}"#),
            ])
            #expect(refused.map(\.record.offset) == [3, 4, 5, 6, 7])
            #expect(refused[0].reason == "its vector has 3 components, and the index has 2")
            try writer.commit([Self.partition: 8])
            #expect(try search(server, near: [0.1, 0]) == ["embedding:a", "embedding:b", "embedding:c"])
            #expect(try search(server, near: [2, 0], filter: "@team:{x}") == ["embedding:c", "embedding:a"])
            #expect(try server.ask(["HGET", "embedding:a", "note"]).text == #"{"b":null}"#)
            _ = try writer.write([record(8, "a", #"{"embedding":[5,0]}"#), record(9, "b", nil)])
            try writer.commit([Self.partition: 10])
            #expect(try search(server, near: [0, 0]) == ["embedding:c", "embedding:a"])
            #expect(try server.ask(["HEXISTS", "embedding:a", "note"]).integer == 0)
            #expect(try server.ask(["HGET", "embedding:a", "version"]).integer == 8)
        }
        let embeddings = RedisEmbeddings.Configuration(server: server.server)
        let found = try await RedisEmbeddings(embeddings).load(
            [EmbeddingKey("a"), EmbeddingKey("b")], within: .seconds(60))
        #expect(found == [EmbeddingKey("a"): Embedding([5, 0], version: 8)])
    }

    @Test("a member of a key names the embedding, and dots lead to the version, as for rows of PostgreSQL")
    func rows() async throws {
        let server = try TestRedis()
        try await onThread {
            var configuration = self.configuration(server)
            (configuration.index, configuration.keyMember) = (nil, "agent_id")
            configuration.version = .member("metadata.version")
            let writer = try RedisVectors(configuration).open()
            _ = try writer.begin([Self.partition])
            let refused = try writer.write([
                record(0, #"{"agent_id":"a"}"#, #"{"embedding":[1,2],"metadata":{"version":7}}"#),
                record(1, #"{"agent_id":5}"#, #"{"embedding":[1,2],"metadata.version":8,"metadata":{"version":7}}"#),
                record(2, #"{"agent_id":"c"}"#, #"{"embedding":[1,2],"metadata":{}}"#),
                record(3, #"{"agent_id":"c"}"#, #"{"embedding":[1,2],"metadata":3}"#),
                record(4, #"{"agent":"d"}"#, nil), record(5, #"{"agent_id":{}}"#, nil), record(6, "a", nil),
                record(7, nil, nil), record(8, #"{"agent_id":""}"#, nil),
            ])
            #expect(refused.map(\.record.offset) == [2, 3, 4, 5, 6, 7, 8])
            #expect(refused[2].reason == "its key is no JSON object whose member agent_id names an embedding")
            try writer.commit([Self.partition: 9])
            #expect(try server.ask(["HGET", "embedding:a", "version"]).integer == 7)
            #expect(try server.ask(["HGET", "embedding:a", "metadata"]).text == #"{"version":7}"#)
            #expect(try server.ask(["HGET", "embedding:5", "version"]).integer == 8)
            _ = try writer.write([record(9, #"{"agent_id":"a"}"#, nil)])
            try writer.commit([Self.partition: 10])
            #expect(try server.ask(["EXISTS", "embedding:a"]).integer == 0)
        }
    }

    @Test("hashes expire after a time, or at the time in a member")
    func expiry() async throws {
        let server = try TestRedis()
        try await onThread {
            var configuration = self.configuration(server)
            (configuration.index, configuration.expiry) = (nil, .member("end"))
            configuration.version = .member("v")
            let writer = try RedisVectors(configuration).open()
            _ = try writer.begin([Self.partition])
            let refused = try writer.write([
                record(0, "a", #"{"embedding":[0,0],"end":1,"v":1}"#),
                record(1, "b", #"{"embedding":[0,0],"end":99999999999999,"v":5}"#),
                record(2, "c", #"{"embedding":[0,0],"v":1}"#), record(3, "d", #"{"embedding":[0,0]}"#),
            ])
            #expect(refused.map(\.record.offset) == [3])
            try writer.commit([Self.partition: 4])
            #expect(try server.ask(["EXISTS", "embedding:a"]).integer == 0)
            #expect(try server.ask(["PEXPIRETIME", "embedding:b"]).integer == 99_999_999_999_999)
            #expect(try server.ask(["PTTL", "embedding:c"]).integer == -1)
            #expect(try server.ask(["HGET", "embedding:b", "version"]).integer == 5)
            (configuration.expiry, configuration.name, configuration.version) = (
                .after(.seconds(600)), "other", .offset
            )
            let other = try RedisVectors(configuration).open()
            _ = try other.begin([Self.partition])
            _ = try other.write([record(0, "e", #"{"embedding":[0,0]}"#)])
            try other.commit([Self.partition: 1])
            let left = try server.ask(["PTTL", "embedding:e"]).integer ?? 0
            #expect((1...600_000).contains(left))
        }
    }

    @Test("a server that has lost everything is filled anew, and an index that is missing is made again")
    func lostData() async throws {
        let server = try TestRedis(search: true)
        try await onThread {
            let writer = try RedisVectors(configuration(server)).open()
            _ = try writer.begin([Self.partition])
            _ = try writer.write([record(0, "a", #"{"embedding":[0,0]}"#)])
            try writer.commit([Self.partition: 1])
            try server.ask(["FT.DROPINDEX", "embeddings"])
            writer.rollBack()
            #expect(try writer.begin([Self.partition]) == [Self.partition: 1])
            // The module takes up the hashes by and by.
            while try search(server, near: [0, 0]) != ["embedding:a"] {}
            try server.ask(["FLUSHALL"])
            _ = try writer.write([record(1, "b", #"{"embedding":[0,0]}"#)])
            let error = connectorError { try writer.commit([Self.partition: 2]) }
            #expect(error?.kind == .temporary)
            writer.rollBack()
            #expect(try writer.begin([Self.partition]) == [Self.partition: 0])
            _ = try writer.write([record(0, "a", #"{"embedding":[0,0]}"#), record(1, "b", #"{"embedding":[1,0]}"#)])
            try writer.commit([Self.partition: 2])
            #expect(try search(server, near: [0, 0]) == ["embedding:a", "embedding:b"])
        }
    }

    @Test("a server without a module, an index of another dimension, and wrong settings have their sentences")
    func refusals() async throws {
        let (plain, server) = (try TestRedis(), try TestRedis(search: true))
        try await onThread {
            let missing = connectorError {
                _ = try RedisVectors(self.configuration(plain)).open().begin([Self.partition])
            }
            #expect(missing?.message.contains("the server has no module for searches") == true)
            _ = try RedisVectors(self.configuration(server)).open().begin([Self.partition])
            var configuration = self.configuration(server)
            configuration.dimension = 3
            let other = connectorError { _ = try RedisVectors(configuration).open().begin([Self.partition]) }
            #expect(other?.message.contains("the index embeddings has vectors of 2 components") == true)
            (configuration.dimension, configuration.namespace, configuration.links) = (0, "x", 1)
            let wrong = connectorError { _ = try RedisVectors(configuration) }
            #expect(wrong?.message.contains("0 components") == true && wrong?.message.contains("2 to 512") == true)
            #expect(wrong?.message.contains("a namespace needs") == true)
        }
    }
}
