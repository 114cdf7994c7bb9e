import Foundation
import Millrace
import MillraceConnect
import MillraceRedis
import RedisClient
import Servers
import Testing

@Suite("A source of messages", .timeLimit(.minutes(15)))
struct RedisPubSubSourceTests {
    private func configuration(_ server: TestRedis) -> RedisPubSubSource.Configuration {
        var configuration = RedisPubSubSource.Configuration(topic: "news")
        configuration.server = server.server
        return configuration
    }

    @Test("messages of channels and patterns become records; a new connection notes a gap")
    func messages() async throws {
        let server = try TestRedis()
        try await onThread {
            var configuration = self.configuration(server)
            (configuration.channels, configuration.patterns) = (["a"], ["b*"])
            let source = try RedisPubSubSource(configuration)
            let reader = try source.open("messages", from: nil)
            try server.ask(["PUBLISH", "a", "1"])
            try server.ask(["PUBLISH", "bc", ""])
            let (records, position) = try reader.read(upTo: 2)
            #expect(records.map(\.key) == [Array("a".utf8), Array("bc".utf8)])
            #expect(records.map(\.value) == [Array("1".utf8), []])
            #expect(records[1].headers.last(named: "redis.pattern")?.value == Array("b*".utf8))
            #expect(records[0].headers.last(named: "redis.gap") == nil && position?.rawValue == "2")
            server.process.kill()
            let ended = connectorError { while true { _ = try reader.read(1, withinMs: 50) } }
            #expect(ended?.kind == .temporary)
            try server.process.start()
            let next = try source.open("messages", from: position)
            let gap = try next.read(1, withinMs: 50)
            #expect(gap.losses.count == 1 && gap.position == position)
            try server.ask(["PUBLISH", "a", "2"])
            let (later, end) = try next.read(upTo: 1)
            #expect(later[0].headers.last(named: "redis.gap") != nil && end?.rawValue == "3")
            #expect(source.measures.gaps == 1 && source.measures.readCount == 3)
        }
    }

    @Test("events of keys have the key and the event; a server that sends none has a sentence")
    func events() async throws {
        let server = try TestRedis()
        try await onThread {
            var configuration = self.configuration(server)
            configuration.keyspacePatterns = ["session:*"]
            let source = try RedisPubSubSource(configuration)
            let off = connectorError { _ = try source.open("messages", from: nil) }
            #expect(off?.kind == .permanent && off?.message.contains("CONFIG SET notify-keyspace-events KEA") == true)
            try server.ask(["CONFIG", "SET", "notify-keyspace-events", "KA"])
            let reader = try source.open("messages", from: nil)
            try server.ask(["SET", "session:7", "x", "PX", "1"])
            try server.ask(["SET", "other", "x"])
            // Redis notices the end of the time when somebody asks.
            while try server.ask(["EXISTS", "session:7"]).integer != 0 {}
            let (records, _) = try reader.read(upTo: 3)
            #expect(records.map(\.value) == ["set", "expire", "expired"].map { Array($0.utf8) })
            #expect(records.allSatisfy { $0.key == Array("session:7".utf8) })
        }
    }

    @Test("messages beyond the queue's room are dropped and counted, and the next record notes it")
    func overflow() async throws {
        let server = try TestRedis()
        try await onThread {
            var configuration = self.configuration(server)
            (configuration.channels, configuration.queueCount) = (["a"], 10)
            let source = try RedisPubSubSource(configuration)
            let reader = try source.open("messages", from: nil)
            for number in 0..<50 { try server.ask(["PUBLISH", "a", "\(number)"]) }
            try server.ask(["PUBLISH", "a", "last"])
            var records: [SourceRecord] = []
            while source.measures.droppedCount < 41 { Thread.sleep(forTimeInterval: 0.001) }
            var lost = 0
            while records.count < 10 || lost < 41 {
                let batch = try reader.read(5, withinMs: 50)
                records += batch.records
                lost += batch.losses.reduce(0) { $0 + ($1.recordCount ?? 0) }
            }
            #expect(lost == 41)
            #expect(records.prefix(10).map(\.value) == (0..<10).map { Array("\($0)".utf8) })
            try server.ask(["PUBLISH", "a", "after"])
            while records.last?.value != Array("after".utf8) { records += try reader.read(1, withinMs: 50).records }
            // The first one after those that were dropped.
            #expect(records[0..<10].allSatisfy { $0.headers.last(named: "redis.gap") == nil })
            #expect(records[10].headers.last(named: "redis.gap") != nil)
        }
    }
}
