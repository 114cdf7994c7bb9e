import Foundation
import Millrace
import MillraceConnect
import MillraceRedis
import NIOCore
import RedisClient
import Servers
import Testing

/// The configurations of docs/connect/redis.md, in front of a server.
@Suite("The page about Redis", .timeLimit(.minutes(15)))
struct RedisPageTests {
    /// Makes the connector of a documented configuration, with the server of a test in place of the page's.
    private static func connector(_ kind: ConnectorKind, _ server: TestRedis) throws -> Connector {
        let page = try String(contentsOf: projectFolder.appending(path: "docs/connect/redis.md"), encoding: .utf8)
        let blocks = page.matches(of: /```json\n((?s:.*?))```/).map { Data($0.1.utf8) }
        let objects = try blocks.compactMap { try JSONSerialization.jsonObject(with: $0) as? [String: Any] }
        #expect(objects.count == ConnectorKind.redis.count)
        var settings = try #require(objects.first { $0["type"] as? String == kind.name })
        settings["server"] = ["port": server.port, "connectTimeout": "60s", "commandTimeout": "300s"] as [String: Any]
        return try kind.connector(
            json: String(decoding: JSONSerialization.data(withJSONObject: settings), as: UTF8.self),
            path: "connectors.page")
    }

    private static func source(_ kind: ConnectorKind, _ server: TestRedis) throws -> any SourceConnector {
        guard case .source(let source) = try connector(kind, server) else {
            throw ConnectorError(.permanent, "\(kind.name) is no source")
        }
        return source
    }

    /// Writes the first record of a topic with a documented sink.
    private static func write(_ kind: ConnectorKind, _ server: TestRedis, _ key: String, _ value: String) throws {
        guard case .sink(let sink) = try connector(kind, server) else {
            throw ConnectorError(.permanent, "\(kind.name) is no sink")
        }
        let partition = TopicPartition(topic: sink.topics[0], partition: 0)
        let writer = try sink.open()
        _ = try writer.begin([partition])
        #expect(
            try writer.write([
                SinkRecord(partition: partition, offset: 0, key: Array(key.utf8), value: Array(value.utf8))
            ]) == [])
        try writer.commit([partition: 1])
        writer.close()
    }

    @Test("the sources of the page read what Redis has and what it tells")
    func sources() async throws {
        let server = try TestRedis { _ in ["--notify-keyspace-events", "K$"] }
        try await onThread {
            try server.ask(["XADD", "payments", "*", "account", "a-1", "amount", "5"])
            let streams = try Self.source(.redisStreamsSource, server)
            #expect(try Set(streams.partitions()) == ["payments", "logins"])
            let reader = try streams.open("payments", from: nil)
            let payment = try reader.read(upTo: 1).records
            #expect(payment.map(\.topic) == ["payments"] && payment.map(\.key) == [Array("a-1".utf8)])
            #expect(payment.first?.value.map { String(decoding: $0, as: UTF8.self) }?.contains("\"amount\"") == true)
            reader.close()
            let messages = try Self.source(.redisPubSubSource, server).open("messages", from: nil)
            try server.ask(["PUBLISH", "logouts", "ada"])
            try server.ask(["SET", "session:ada", "x"])
            let records = try messages.read(upTo: 2).records
            #expect(records.map(\.topic) == ["sessions", "sessions"])
            #expect(records.map(\.key) == [Array("logouts".utf8), Array("session:ada".utf8)])
            #expect(records.map(\.value) == [Array("ada".utf8), Array("set".utf8)])
            messages.close()
        }
    }

    @Test("the sinks of the page write an entry, and a hash with an index")
    func sinks() async throws {
        let server = try TestRedis(search: true)
        try await onThread {
            try Self.write(.redisStreamsSink, server, "k", #"{"level":"high","code":7}"#)
            let entries = try server.ask(["XRANGE", "alerts", "-", "+"]).elements
            #expect(
                entries?.first?.elements?[1].dictionary == [
                    "key": .bytes(.init(string: "k")), "level": .bytes(.init(string: "high")),
                    "code": .bytes(.init(string: "7")),
                ])
            let vector = (0..<1_536).map { $0 == 0 ? "1" : "0" }.joined(separator: ",")
            try Self.write(
                .redisVectorsSink, server, "ada", "{\"embedding\":[\(vector)],\"team\":\"x\",\"age\":3}")
            #expect(try server.ask(["HGET", "embedding:ada", "team"]).text == "x")
            #expect(try server.ask(["TTL", "embedding:ada"]).integer ?? 0 > 600_000)
            let found = try server.ask(["FT.SEARCH", "embeddings", "@age:[3 3]", "NOCONTENT"])
            #expect(found.elements?.last?.text == "embedding:ada")
        }
    }
}
