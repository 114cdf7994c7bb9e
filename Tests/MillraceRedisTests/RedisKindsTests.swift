import Foundation
import Millrace
import MillraceConnect
import MillraceRedis
import Servers
import Testing

@Suite("Kinds of connectors for Redis")
struct RedisKindsTests {
    /// The configurations of docs/connect/redis.md, by their types.
    private static func documented() throws -> [(type: String, json: String)] {
        let page = try String(contentsOf: projectFolder.appending(path: "docs/connect/redis.md"), encoding: .utf8)
        return page.components(separatedBy: "```json\n").dropFirst().compactMap { part in
            let json = part.components(separatedBy: "\n```")[0]
            let type = json.components(separatedBy: "\"type\": \"").dropFirst().first?.components(separatedBy: "\"")
                .first
            return type.map { ($0, json) }
        }
    }

    @Test("every kind has a documented configuration, and each of them is read")
    func documentedConfigurations() throws {
        let password = FileManager.default.temporaryDirectory.appending(path: "redis-password-\(UUID())")
        try Data("s3cret\n".utf8).write(to: password)
        defer { try? FileManager.default.removeItem(at: password) }
        let documented = try Self.documented()
        #expect(Set(documented.map(\.type)) == Set(ConnectorKind.redis.map(\.name)))
        for (type, json) in documented {
            let kind = try #require(ConnectorKind.redis.first { $0.name == type })
            let own = json.replacingOccurrences(of: "/run/secrets/redis", with: password.path)
            let connector = try kind.connector(json: own, path: "connectors.orders")
            #expect(!"\(connector)".contains("s3cret"))
        }
    }

    @Test("defaults hold, and what is given counts")
    func values() throws {
        let source = try #require(
            try ConnectorKind.redisStreamsSource.connector(
                json:
                    #"{"streams": {"a": "b"}, "onLoss": "continue", "start": "end", "keyField": "k", "deadAfter": "5s"}"#
            )
            .source as? RedisStreamsSource)
        #expect(source.configuration.topics == ["a": "b"] && source.configuration.loss == .goOn)
        #expect(source.configuration.start == .end && source.configuration.key == .field("k"))
        #expect(source.configuration.deadAfter == .seconds(5) && source.configuration.value == .fields)
        let sink = try #require(
            try ConnectorKind.redisStreamsSink.connector(
                json: #"{"streams": {"a": "b"}, "maxAge": "1h", "server": {"port": 7000}}"#, path: "connectors.eu.x"
            )
            .sink as? RedisStreamsSink)
        #expect(sink.configuration.name == "eu.x" && sink.configuration.bound == .age(.seconds(3_600)))
        #expect(sink.configuration.server.port == 7_000)
    }

    @Test("offsets are under the worker's and the connector's name by default, and a name that is given stays as it is")
    func offsetsName() throws {
        func names(_ others: [String: JSONValue]) throws -> [String?] {
            func sink(_ kind: ConnectorKind, _ members: [String: JSONValue]) throws -> (any SinkConnector)? {
                let members = members.merging(others) { $1 }
                return try kind.connector(
                    from: ConnectorSettings(path: "connectors.alerts", members: members, offsetsName: "bank:alerts")
                ).sink
            }
            let streams = try sink(.redisStreamsSink, ["streams": .object(["a": .string("b")])]) as? RedisStreamsSink
            let vectors =
                try sink(.redisVectorsSink, ["topics": .string("a"), "dimension": .integer(3)]) as? RedisVectors
            return [streams?.configuration.name, vectors?.configuration.name]
        }
        #expect(try names([:]) == ["bank:alerts", "bank:alerts"])
        #expect(try names(["name": .string("{b}")]) == ["{b}", "{b}"])
    }

    @Test(
        "wrong settings are all reported with their places",
        arguments: [
            ("redis-streams-source", #"{"streams": {"a": "b"}, "start": "group"}"#, "name the group"),
            ("redis-streams-source", #"{"streams": {"a": "b"}, "servr": {}}"#, "servr"),
            ("redis-streams-source", "{}", "no stream is named"),
            ("redis-streams-source", #"{"streams": {"a": "b"}, "server": {"password": "x"}}"#, "server.password"),
            ("redis-streams-sink", #"{"streams": {"a": "b"}, "maxCount": 0}"#, "maxCount"),
            ("redis-streams-sink", #"{"streams": {"a": "b"}, "maxCount": 1, "maxAge": "1h"}"#, "maxAge"),
            ("redis-pubsub-source", #"{"topic": "t"}"#, "no channel"),
            ("redis-vectors-sink", #"{"topics": ["t"]}"#, "dimension"),
            (
                "redis-vectors-sink", #"{"topics": ["t"], "dimension": 3, "attributes": {"a": "blob"}}"#,
                "tag, number or text"
            ),
            (
                "redis-vectors-sink", #"{"topics": ["t"], "dimension": 3, "prefix": "mill"}"#, "the keys of the offsets"
            ),
        ])
    func problems(_ type: String, _ json: String, _ words: String) throws {
        let kind = try #require(ConnectorKind.redis.first { $0.name == type })
        let error = #expect(throws: InvalidConnectConfiguration.self) { try kind.connector(json: json, path: "c") }
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
}

extension Connector {
    fileprivate var source: (any SourceConnector)? { if case .source(let source) = self { source } else { nil } }
    fileprivate var sink: (any SinkConnector)? { if case .sink(let sink) = self { sink } else { nil } }
}
