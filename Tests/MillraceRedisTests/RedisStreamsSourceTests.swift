import Foundation
import Millrace
import MillraceConnect
import MillraceRedis
import RedisClient
import Servers
import Testing

@Suite("A source of streams", .timeLimit(.minutes(15)))
struct RedisStreamsSourceTests {
    @Test("entries come with key, fields, id and time, in order, and again from a position")
    func entries() async throws {
        let server = try TestRedis()
        try await onThread {
            for number in 1...5 { try server.ask(["XADD", "orders", "\(1_000 + number)-7", "n", "\(number)"]) }
            let source = try RedisStreamsSource(configuration(server))
            #expect(source.partitions() == ["orders"])
            let reader = try source.open("orders", from: nil)
            let (first, position) = try reader.read(upTo: 3)
            #expect(first.map(\.value) == (1...3).map { Array("{\"n\":\"\($0)\"}".utf8) })
            #expect(first.map(\.key) == (1...3).map { Array("\(1_000 + $0)-7".utf8) })
            #expect(first.map(\.timestampMs) == [1_001, 1_002, 1_003])
            #expect(first[0].headers.last(named: "redis.stream")?.value == Array("orders".utf8))
            #expect(first[0].headers.last(named: "redis.id")?.value == Array("1001-7".utf8))
            let rest = try reader.read(upTo: 2)
            #expect(rest.records.map(\.timestampMs) == [1_004, 1_005])
            let again = try source.open("orders", from: position).read(upTo: 2)
            #expect(again.records == rest.records && again.position == rest.position)
            #expect(try reader.read(10, withinMs: 0) == SourceBatch())
        }
    }

    @Test("a reader that waits is woken by an entry; a stream may come to be later")
    func waits() async throws {
        let server = try TestRedis()
        try await onThread {
            let reader = try RedisStreamsSource(configuration(server)).open("orders", from: nil)
            let writer = Thread { for n in 1...3 { _ = try? server.ask(["XADD", "orders", "*", "n", "\(n)"]) } }
            writer.start()
            let values = try reader.read(upTo: 3).records.map(\.value)
            #expect(values == (1...3).map { Array("{\"n\":\"\($0)\"}".utf8) })
        }
    }

    @Test("fields that are not UTF-8, are repeated or need escapes become JSON; a field can be the key or the value")
    func fields() async throws {
        let server = try TestRedis()
        try await onThread {
            let raw = RedisCommand.Argument([0xFF, 0x00] as [UInt8])
            try server.ask(["XADD", "orders", "1-1", "a", "x\"\n", "b", "1", "b", "2", "c", raw, raw, "", "ü", "ö"])
            let record = try RedisStreamsSource(configuration(server)).open("orders", from: nil).read(upTo: 1).records[
                0]
            let json = #"{"a":"x\"\n","b":["1","2"],"c":{"$base64":"/wA="},"$base64:/wA=":"","ü":"ö"}"#
            #expect(String(decoding: record.value ?? [], as: UTF8.self) == json)
            var configuration = configuration(server)
            (configuration.key, configuration.value, configuration.usesEntryTimes) = (.field("b"), .field("c"), false)
            let other = try RedisStreamsSource(configuration).open("orders", from: nil).read(upTo: 1).records[0]
            #expect(other.key == [UInt8(ascii: "2")] && other.value == [0xFF, 0] && other.timestampMs == nil)
            (configuration.key, configuration.value) = (.none, .field("missing"))
            let none = try RedisStreamsSource(configuration).open("orders", from: nil).read(upTo: 1).records[0]
            #expect(none.key == nil && none.value == nil)
        }
    }

    @Test(
        "entries that are trimmed before they are read are a loss with its range: an error, or counted and passed over")
    func trimmed() async throws {
        let server = try TestRedis()
        try await onThread {
            for number in 1...10 { try server.ask(["XADD", "orders", "\(number)-1", "n", "\(number)"]) }
            let source = try RedisStreamsSource(configuration(server))
            let (_, position) = try source.open("orders", from: nil).read(upTo: 3)
            // What is read may go.
            try server.ask(["XTRIM", "orders", "MAXLEN", "7"])
            #expect(try source.open("orders", from: position).read(upTo: 1).records[0].timestampMs == 4)
            try server.ask(["XTRIM", "orders", "MAXLEN", "5"])
            let error = connectorError { _ = try source.open("orders", from: position).read(upTo: 1) }
            #expect(error?.kind == .permanent)
            #expect(error?.message.contains("2 entries between 3-1 and 6-1 were trimmed before they were read") == true)
            var configuration = configuration(server)
            configuration.loss = .goOn
            let tolerant = try RedisStreamsSource(configuration)
            let tolerantReader = try tolerant.open("orders", from: position)
            let news = try tolerantReader.read(5, withinMs: 50)
            #expect(news.records.isEmpty && news.position != nil && news.losses.map(\.recordCount) == [2])
            #expect(
                news.losses.first?.sentence
                    == "the stream orders: 2 entries between 3-1 and 6-1 were trimmed before they were read")
            let (records, last) = try tolerantReader.read(upTo: 5)
            #expect(records.map(\.timestampMs) == [6, 7, 8, 9, 10])
            #expect(
                records[0].headers.last(named: "redis.loss") != nil
                    && records[1].headers.last(named: "redis.loss") == nil)
            #expect(
                tolerant.measures.streams["orders"]?.lostCount == 2 && tolerant.measures.streams["orders"]?.losses == 1)
            // All that is read is trimmed, and something is added: nothing is lost.
            try server.ask(["XTRIM", "orders", "MAXLEN", "0"])
            try server.ask(["XADD", "orders", "11-1", "n", "11"])
            let next = try source.open("orders", from: last).read(upTo: 1)
            #expect(next.records.map(\.timestampMs) == [11])
            // A burst that is trimmed in the same moment, and the reader is at the end.
            let reader = try source.open("orders", from: next.position)
            #expect(try reader.read(10, withinMs: 10) == SourceBatch())
            try server.ask([
                "EVAL", "for n = 12, 40 do redis.call('XADD', 'orders', 'MAXLEN', 5, n .. '-1', 'n', n) end", "0",
            ])
            let burst = connectorError { _ = try reader.read(upTo: 1) }
            #expect(burst?.message.contains("24 entries between 11-1 and 36-1") == true, "\(String(describing: burst))")
        }
    }

    @Test("a reader and a look tell how much is not read, and how much a trim can remove before that")
    func backlog() async throws {
        let server = try TestRedis()
        try await onThread {
            for number in 1...10 { try server.ask(["XADD", "orders", "\(number)-1", "n", "\(number)"]) }
            let source = try RedisStreamsSource(configuration(server))
            let reader = try source.open("orders", from: nil)
            #expect(reader.backlog == nil)
            let position = try #require(try reader.read(upTo: 6).position)
            // Nobody has trimmed yet.
            #expect(try source.backlog(of: "orders", after: position) == SourceBacklog(recordCount: 4))
            try server.ask(["XTRIM", "orders", "MAXLEN", "7"])
            #expect(try source.backlog(of: "orders", after: position) == SourceBacklog(recordCount: 4, trimMargin: 3))
            try server.ask(["XTRIM", "orders", "MAXLEN", "2"])
            #expect(try source.backlog(of: "orders", after: position) == SourceBacklog(recordCount: 2, trimMargin: 0))
            #expect(try source.backlog(of: "none", after: position) == nil)
            // The figures of a reader that is behind are not older than a second or so.
            for number in 11...400 { try server.ask(["XADD", "orders", "\(number)-1", "n", "\(number)"]) }
            let behind = try source.open("orders", from: nil)
            var read = 0
            let deadline = ContinuousClock.now + .seconds(600)
            while behind.backlog == nil, read < 390, ContinuousClock.now < deadline {
                read += try behind.read(1, withinMs: 0).records.count
                // The look is due after a second, whatever the reader finds.
                Thread.sleep(forTimeInterval: 0.01)
            }
            let seen = try #require(behind.backlog)
            #expect(seen.recordCount > 0 && seen.recordCount + (seen.trimMargin ?? 0) <= 392)
        }
    }

    @Test("single entries that are deleted are no loss; a stream that was made anew, or is of another history, is")
    func otherStreams() async throws {
        let server = try TestRedis()
        try await onThread {
            for number in 1...6 { try server.ask(["XADD", "orders", "\(number)-1", "n", "\(number)"]) }
            let source = try RedisStreamsSource(configuration(server))
            let (_, position) = try source.open("orders", from: nil).read(upTo: 4)
            try server.ask(["XDEL", "orders", "2-1", "4-1", "5-1"])
            #expect(try source.open("orders", from: position).read(upTo: 1).records.map(\.timestampMs) == [6])
            // Made anew with later ids.
            try server.ask(["DEL", "orders"])
            #expect(try source.open("orders", from: position).read(5, withinMs: 1) == SourceBatch())
            try server.ask(["XADD", "orders", "100-1", "n", "x"])
            let anew = connectorError { _ = try source.open("orders", from: position).read(upTo: 1) }
            #expect(anew?.message.contains("deleted and made anew") == true, "\(String(describing: anew))")
            // With earlier ones.
            try server.ask(["DEL", "orders"])
            try server.ask(["XADD", "orders", "2-1", "n", "x"])
            let behind = connectorError { _ = try source.open("orders", from: position).read(upTo: 1) }
            #expect(behind?.message.contains("ends at 2-1, before the position 4-1") == true)
            // Another history.
            try server.ask(["XADD", "orders", "7-1", "n", "x"])
            let other = connectorError { _ = try source.open("orders", from: position).read(upTo: 1) }
            #expect(other?.message.contains("lacks the entry 4-1") == true)
            var configuration = configuration(server)
            configuration.loss = .goOn
            let records = try RedisStreamsSource(configuration).open("orders", from: position).read(upTo: 1).records
            #expect(records.map(\.timestampMs) == [7])
        }
    }

    @Test("a group shows the position and its lag; what its dead consumers had pending comes first, once")
    func groups() async throws {
        let server = try TestRedis()
        try await onThread {
            for number in 1...8 { try server.ask(["XADD", "orders", "\(number)-1", "n", "\(number)"]) }
            try server.ask(["XGROUP", "CREATE", "orders", "team", "0"])
            try server.ask(["XREADGROUP", "GROUP", "team", "dead", "COUNT", "5", "STREAMS", "orders", ">"])
            try server.ask(["XACK", "orders", "team", "1-1", "3-1"])
            try server.ask(["XDEL", "orders", "4-1"])
            var configuration = configuration(server)
            (configuration.start, configuration.group, configuration.loss) = (.group, "team", .goOn)
            let source = try RedisStreamsSource(configuration)
            let alive = connectorError { _ = try source.open("orders", from: nil).read(upTo: 1) }
            #expect(
                alive?.kind == .temporary
                    && alive?.message.contains("the consumer dead of the group team has 3") == true)
            configuration.deadAfter = .seconds(1)
            let patient = try RedisStreamsSource(configuration)
            let reader = try patient.open("orders", from: nil)
            let deadline = ContinuousClock.now + .seconds(600)
            var first: SourceBatch?
            while first == nil, ContinuousClock.now < deadline { first = try? reader.read(1, withinMs: 10) }
            #expect(first?.records.map(\.timestampMs) == [2])
            // The crash of a reader whose records are committed, but not acknowledged.
            let second = try patient.open("orders", from: first?.position)
            let (records, position) = try second.read(upTo: 4)
            #expect(records.map(\.timestampMs) == [5, 6, 7, 8])
            #expect(patient.measures.streams["orders"]?.lostCount == 1)
            try second.committed(try #require(position))
            // The group is moved without waiting for the answer.
            func shows(_ id: String) throws -> Bool {
                let group = try server.ask(["XINFO", "GROUPS", "orders"]).elements?.first?.dictionary
                return group?["last-delivered-id"]?.text == id && group?["pending"]?.integer == 0
            }
            while try !shows("8-1") {}
            try server.ask(["XADD", "orders", "9-1", "n", "9"])
            let next = try second.read(upTo: 1)
            try second.committed(try #require(next.position))
            while try !shows("9-1") {}
        }
    }

    @Test("the end of a stream is a beginning, too, and is kept at once")
    func end() async throws {
        let server = try TestRedis()
        try await onThread {
            try server.ask(["XADD", "orders", "1-1", "n", "1"])
            var configuration = configuration(server)
            configuration.start = .end
            let source = try RedisStreamsSource(configuration)
            let batch = try source.open("orders", from: nil).read(10, withinMs: 0)
            #expect(batch.records.isEmpty && batch.position != nil)
            try server.ask(["XADD", "orders", "2-1", "n", "2"])
            #expect(try source.open("orders", from: batch.position).read(upTo: 1).records.map(\.timestampMs) == [2])
        }
    }
}

func configuration(_ server: TestRedis) -> RedisStreamsSource.Configuration {
    var configuration = RedisStreamsSource.Configuration(topics: ["orders": "orders"])
    configuration.server = server.server
    return configuration
}
