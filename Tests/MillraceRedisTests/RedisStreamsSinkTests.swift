import Foundation
import Millrace
import MillraceConnect
import MillraceRedis
import NIOCore
import RedisClient
import Servers
import Testing

@Suite("A sink of streams", .serialized, .timeLimit(.minutes(15)))
struct RedisStreamsSinkTests {
    @Test("records become entries with the offset beside them, and a writer that comes later goes on there")
    func entries() async throws {
        let server = try TestRedis()
        try await onThread {
            let sink = try RedisStreamsSink(sinkConfiguration(server))
            #expect(sink.topics == ["orders"])
            let writer = sink.open()
            #expect(try writer.begin([partition]) == [:])
            #expect(try writer.write(records(0..<2_500)) == [])
            #expect(try server.ask(["EXISTS", "orders"]).integer == 0)
            try writer.commit([partition: 2_501])
            #expect(try numbers(in: server) == Array(0..<2_500))
            let first = try server.ask(["XRANGE", "orders", "-", "+", "COUNT", "1"]).elements?.first?.elements?[1]
            #expect(first?.dictionary == ["key": .bytes(.init(string: "k")), "value": .bytes(.init(string: "0"))])
            writer.close()
            let next = sink.open()
            #expect(try next.begin([partition]) == [partition: 2_501])
            #expect(try next.write(records(2_501..<2_503)) == [])
            try next.commit([partition: 2_503])
            #expect(try numbers(in: server) == Array(0..<2_500) + [2_501, 2_502])
        }
    }

    @Test("a writer that has lost its partition writes nothing, and neither does one whose records do not follow")
    func zombies() async throws {
        let server = try TestRedis()
        try await onThread {
            let sink = try RedisStreamsSink(sinkConfiguration(server))
            let zombie = sink.open()
            _ = try zombie.begin([partition])
            _ = try zombie.write(records(0..<10))
            let writer = sink.open()
            #expect(try writer.begin([partition]) == [:])
            let error = connectorError { try zombie.commit([partition: 10]) }
            #expect(error?.kind == .temporary && error?.message.contains("another writer has taken over") == true)
            #expect(try server.ask(["EXISTS", "orders"]).integer == 0)
            zombie.rollBack()
            _ = try writer.write(records(0..<10))
            try writer.commit([partition: 10])
            #expect(try numbers(in: server) == Array(0..<10))
            // Somebody has moved the offset.
            try server.ask(["HSET", "millrace:test:orders:0", "offset", "5"])
            _ = try writer.write(records(10..<12))
            #expect(connectorError { try writer.commit([partition: 12]) }?.message.contains("the offset is 5") == true)
            #expect(try numbers(in: server) == Array(0..<10))
        }
    }

    @Test("a key of another type takes nothing, and the offset stays; the next chunk does not pass it")
    func types() async throws {
        let server = try TestRedis()
        try await onThread {
            try server.ask(["SET", "orders", "x"])
            let writer = try RedisStreamsSink(sinkConfiguration(server)).open()
            _ = try writer.begin([partition])
            _ = try writer.write(records(0..<3_000))
            let error = connectorError { try writer.commit([partition: 3_000]) }
            #expect(error?.kind == .permanent && error?.message.contains("a value of another type") == true)
            writer.rollBack()
            try server.ask(["DEL", "orders"])
            #expect(try writer.begin([partition]) == [:])
            _ = try writer.write(records(0..<3_000))
            try writer.commit([partition: 3_000])
            #expect(try numbers(in: server) == Array(0..<3_000))
        }
    }

    @Test("a server without memory takes nothing; when it has some, everything arrives once")
    func memory() async throws {
        let server = try TestRedis()
        try await onThread {
            let writer = try RedisStreamsSink(sinkConfiguration(server)).open()
            _ = try writer.begin([partition])
            _ = try writer.write(records(0..<3_000))
            try server.ask(["CONFIG", "SET", "maxmemory", "1"])
            let error = connectorError { try writer.commit([partition: 3_000]) }
            #expect(error?.kind == .temporary && error?.message.contains("maxmemory") == true)
            try server.ask(["CONFIG", "SET", "maxmemory", "0"])
            writer.rollBack()
            _ = try writer.begin([partition])
            _ = try writer.write(records(0..<3_000))
            try writer.commit([partition: 3_000])
            #expect(try numbers(in: server) == Array(0..<3_000))
        }
    }

    @Test("bounds by number and by age, exact and nearly")
    func bounds() async throws {
        let server = try TestRedis()
        try await onThread {
            func length(_ bound: RedisStreamsSink.Configuration.Bound, isExact: Bool) throws -> Int64? {
                try server.ask(["FLUSHALL"])
                // Far in the past: an age removes it.
                try server.ask(["XADD", "orders", "1-1", "value", "old"])
                var configuration = sinkConfiguration(server)
                (configuration.bound, configuration.isExact) = (bound, isExact)
                let writer = try RedisStreamsSink(configuration).open()
                _ = try writer.begin([partition])
                _ = try writer.write(records(0..<1_000))
                try writer.commit([partition: 1_000])
                return try server.ask(["XLEN", "orders"]).integer
            }
            #expect(try length(.none, isExact: false) == 1_001)
            #expect(try length(.count(10), isExact: true) == 10)
            let near = try #require(try length(.count(10), isExact: false))
            #expect((10...200).contains(near))
            #expect(try length(.age(.seconds(3_600)), isExact: true) == 1_000)
        }
    }

    @Test("members of a JSON object become fields; other values, and records without a field, are refused")
    func fields() async throws {
        let server = try TestRedis()
        try await onThread {
            var configuration = sinkConfiguration(server)
            configuration.entry = .fields
            let writer = try RedisStreamsSink(configuration).open()
            _ = try writer.begin([partition])
            let texts = [
                #"{"a":"x","b":1.5,"c":true,"d":null,"e":[1,"y"],"f":{"g":"h"},"i":{"$base64":"/wA="}}"#, "[1]", "{",
            ]
            var all = texts.enumerated().map {
                SinkRecord(partition: partition, offset: Int64($0), key: Array("k".utf8), value: Array($1.utf8))
            }
            all.append(SinkRecord(partition: partition, offset: 3, key: nil, value: nil))
            let refused = try writer.write(all)
            #expect(refused.map(\.record.offset) == [1, 2, 3])
            try writer.commit([partition: 4])
            let fields = try server.ask(["XRANGE", "orders", "-", "+"]).elements?.first?.elements?[1].elements ?? []
            #expect(
                fields.map(\.bytes)
                    == ["key", "k", "a", "x", "b", "1.5", "c", "true", "e", #"[1,"y"]"#, "f", #"{"g":"h"}"#, "i"]
                    .map { .init(string: $0) } + [.init(bytes: [0xFF, 0])])
            #expect(try server.ask(["HGET", "millrace:test:orders:0", "offset"]).integer == 4)
        }
    }

    @Test("a writer and a server that are killed at any moment leave every record once", arguments: 0..<20)
    func kills(_ seed: Int) async throws {
        let server = try TestRedis { _ in ["--appendfsync", "always"] }
        try await onThread {
            var random = SeededNumbers(seed)
            let sink = try RedisStreamsSink(sinkConfiguration(server))
            let count: Int64 = 8_000
            var writer = sink.open()
            var (next, kills) = (Int64(0), 0)
            var isBegun = false
            let deadline = ContinuousClock.now + .seconds(600)
            while next < count, ContinuousClock.now < deadline {
                do {
                    if !isBegun { next = try writer.begin([partition])[partition] ?? 0 }
                    isBegun = true
                    let end = min(count, next + Int64(1 + random.below(1_500)))
                    _ = try writer.write(records(next..<end))
                    if kills < 4, random.below(3) == 0 {
                        kills += 1
                        let pause = Double(random.below(40)) / 1_000
                        let killer = Thread {
                            Thread.sleep(forTimeInterval: pause)
                            server.process.kill()
                        }
                        killer.start()
                    }
                    try writer.commit([partition: end])
                    next = end
                    if random.below(6) == 0 { throw ConnectorError(.temporary, "the writer is killed") }
                } catch {
                    if random.below(2) == 0 { writer = sink.open() } else { writer.rollBack() }
                    isBegun = false
                    if try server.connectionFails() { try server.process.start() }
                }
            }
            if try server.connectionFails() { try server.process.start() }
            #expect(try numbers(in: server) == (0..<count).map(Int.init), "seed \(seed)")
        }
    }
}

private let partition = TopicPartition(topic: "orders", partition: 0)

private func records(_ offsets: Range<Int64>) -> [SinkRecord] {
    offsets.map {
        SinkRecord(partition: partition, offset: $0, key: Array("k".utf8), value: Array("\($0)".utf8))
    }
}

private func sinkConfiguration(_ server: TestRedis) -> RedisStreamsSink.Configuration {
    var configuration = RedisStreamsSink.Configuration(name: "test", streams: ["orders": "orders"])
    configuration.server = server.server
    return configuration
}

/// The values of all entries.
private func numbers(in server: TestRedis) throws -> [Int] {
    try (server.ask(["XRANGE", "orders", "-", "+"]).elements ?? []).compactMap {
        $0.elements?[1].dictionary?["value"]?.integer.map(Int.init)
    }
}
