import AsyncHTTPClient
import EmbeddedBroker
import Foundation
import Millrace
import MillraceRuntime
import MillraceServer
import NIOCore
import NIOHTTP1
import Testing

extension ServerTests {
    @Suite("Streams of changes")
    struct ChangeStreamTests {
        private static let keys = (0..<10).map { "k\($0)" }

        @Test("a stream that is resumed by its last event's id has every change once, in order for each key")
        func resumed() async throws {
            try await withServers(2) { broker, servers in
                var seen: [String: [Int]] = [:]
                var id = "earliest"
                for round in 1...4 {
                    try broker.write(Self.keys)
                    // In turns from each instance; each stream is cut off after some changes.
                    let stream = try await EventStream(servers[round % 2], "/stores/counts/changes", lastID: id)
                    #expect(stream.status == 200)
                    let wanted = round == 4 ? 40 : round * 10 - 3
                    while seen.values.map(\.count).reduce(0, +) < wanted {
                        let event = try await stream.next()
                        if event.name == "change" {
                            let key = try #require(event.json["key"] as? String)
                            seen[key, default: []].append(try #require(event.json["value"] as? Int))
                        }
                        id = event.id
                    }
                }
                #expect(seen.count == 10 && seen.values.allSatisfy { $0 == [1, 2, 3, 4] }, "\(seen)")
            }
        }

        @Test("a place whose changes are gone is an error with a status, and so is one of another store")
        func gone() async throws {
            try await withServers { broker, servers in
                try broker.write(Self.keys)
                try await eventually("counts") {
                    try await servers[0].get("/stores/counts/entries/k1").status == 200
                }
                let changelog = "\(broker.application)-counts-changelog"
                let beyond = try await servers[0].get("/stores/counts/changes?from=\(changelog)-0@100000")
                #expect(beyond.status == 410 && beyond.code == "position_gone")
                let other = try await servers[0].get("/stores/counts/changes?from=events-0@1")
                #expect(other.status == 400 && other.code == "position_mismatch")
                let none = await #expect(throws: StreamsError.self) {
                    _ = try await servers[0].application.changes(of: "unlogged")
                }
                #expect(none?.code == .noChangelog)
            }
        }

        @Test("windows and deletions are decoded, and nothing comes that was before the end")
        func decoded() async throws {
            try await withServers { broker, servers in
                try broker.write(["k1"], timestampMs: 5_000)
                let stream = try await servers[0].application.changes(of: "per-second", from: .earliest)
                var iterator = stream.makeAsyncIterator()
                let first = try #require(try await iterator.next()?.first)
                #expect(first.key == Array("k1".utf8) && first.window?.startMs == 5_000)
                #expect(first.value == [0, 0, 0, 0, 0, 0, 0, 1] && first.position.offsets.count == 1)
                let sessions = try await servers[0].application.changes(of: "sessions", from: .earliest)
                var merged: [StoreChange] = []
                var all = sessions.makeAsyncIterator()
                try broker.write(["k1"], timestampMs: 5_500)
                while merged.count < 3 { merged += try #require(try await all.next()) }
                #expect(
                    merged.map(\.window) == [
                        .init(startMs: 5_000, endMs: 5_000), .init(startMs: 5_000, endMs: 5_000),
                        .init(startMs: 5_000, endMs: 5_500),
                    ])
                #expect(merged.map { $0.value == nil } == [false, true, false])
                let latest = try await servers[0].application.changes(of: "counts")
                try broker.write(["k2"])
                var later = latest.makeAsyncIterator()
                #expect(try await later.next()?.map(\.key) == [Array("k2".utf8)])
            }
        }

        @Test("a server that stops ends its streams with a reason, at once")
        func stops() async throws {
            let broker = try await TestBroker()
            let server = try await TestServer(broker, number: 0)
            try await server.awaitsTasks(4)
            let stream = try await EventStream(server, "/stores/counts/changes", lastID: "latest")
            #expect(try await stream.next().name == "start")
            async let last = stream.next()
            try await server.stop()
            let event = try? await last
            #expect(event == nil || event?.name == "end" || event?.name == "error")
            try await broker.broker.stop()
        }

        @Test("the last event of a stream has the position of the events before it")
        func lastPosition() async throws {
            let broker = try await TestBroker()
            let server = try await TestServer(broker, number: 0)
            try await server.awaitsTasks(4)
            let stream = try await EventStream(server, "/stores/counts/changes", lastID: "earliest")
            try broker.write(Self.keys)
            var (count, id) = (0, "")
            while count < Self.keys.count {
                let event = try await stream.next()
                if event.name == "change" { count += 1 }
                id = event.id
            }
            try await server.shutDown()
            let end = try await stream.next()
            #expect(try end.name == "end" && end.json["code"] as? String == "stopping")
            #expect(try end.json["position"] as? String == id && !id.isEmpty)
            try await broker.broker.stop()
        }

        @Test("a reader that does not read is dropped, and those beside it go on")
        func slow() async throws {
            var settings = MillraceServer.Configuration()
            settings.limits.slowReaderTimeout = .milliseconds(300)
            try await withServers(settings: settings) { broker, servers in
                let value = String(repeating: "x", count: 20_000)
                try broker.write((0..<400).map { (key: "k\($0 % 10)", value: value, timestampMs: Int64($0)) })
                let slow = try await RawConnection(servers[0].address)
                try await slow.send("GET /stores/versions/changes?from=earliest HTTP/1.1\r\nhost: localhost\r\n\r\n")
                let quick = try await EventStream(servers[0], "/stores/versions/changes", lastID: "earliest")
                var count = 0
                while count < 400 { if try await quick.next().name == "change" { count += 1 } }
                try await eventually("the end of the slow connection") { slow.isClosed }
                #expect(slow.receivedCount < 400 * 20_000)
            }
        }
    }
}

/// Server-sent events as a client reads them.
final class EventStream {
    struct Event {
        var name = ""
        var id = ""
        var data = ""

        var json: [String: Any] {
            get throws {
                try #require(try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
            }
        }
    }

    let status: Int
    private var body: HTTPClientResponse.Body.AsyncIterator
    private var waiting = ""

    init(_ server: TestServer, _ target: String, lastID: String) async throws {
        var request = HTTPClientRequest(url: "http://\(server.address)\(target)")
        request.headers.add(name: "last-event-id", value: lastID)
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        status = Int(response.status.code)
        body = response.body.makeAsyncIterator()
    }

    func next() async throws -> Event {
        while true {
            if let end = waiting.range(of: "\n\n") {
                let lines = waiting[..<end.lowerBound].split(separator: "\n")
                waiting = String(waiting[end.upperBound...])
                var event = Event()
                for line in lines {
                    if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
                    if line.hasPrefix("id: ") { event.id = String(line.dropFirst(4)) }
                    if line.hasPrefix("data: ") { event.data += line.dropFirst(6) }
                }
                if !event.name.isEmpty { return event }
                continue
            }
            guard let part = try await body.next() else { throw Missing(what: "an event") }
            waiting += String(buffer: part)
        }
    }
}
