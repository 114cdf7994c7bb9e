import Foundation
import Millrace
import MillraceServer
import NIOCore
import NIOHTTP1
import Testing

extension ServerTests {
    @Suite("Kinds of stores")
    struct KindsOfStoresTests {
        @Test(
            "windows, sessions, versions and ranges are read by key, by time and page by page; the catalogue lists them"
        )
        func kinds() async throws {
            try await withServers { broker, servers in
                let server = servers[0]
                let records = (0..<30).flatMap { second in
                    ["a", "b", "ä/ö?"].map { (key: $0, value: "\($0)\(second)", timestampMs: Int64(second) * 2_000) }
                }
                try broker.write(records)
                try await eventually("everything") {
                    try await server.batch("counts", ["a", "b", "ä/ö?"]).text.components(separatedBy: "\"value\": 30")
                        .count
                        == 4
                }
                let encoded = "%C3%A4%2F%C3%B6%3F"
                #expect(try await server.get("/stores/counts/entries/\(encoded)").value == 30)
                let hex = Array("ä/ö?".utf8).map { String(format: "%02x", $0) }.joined()
                #expect(try await server.get("/stores/counts/entries/\(hex)?key-format=hex").value == 30)
                let base64 = Data("b".utf8).base64EncodedString()
                #expect(try await server.get("/stores/counts/entries/\(base64)?key-format=base64").value == 30)
                let raw = try await server.get("/stores/counts/entries/a", [("accept", "application/octet-stream")])
                #expect(Array(raw.body.readableBytesView) == [0, 0, 0, 0, 0, 0, 0, 30])
                #expect(raw.headers.first(name: "content-type") == "application/octet-stream")

                let windows = try await server.get("/stores/per-second/entries/a?window-from=2000&window-to=9000")
                let starts = try #require(try windows.json["entries"] as? [[String: Any]])
                    .compactMap { ($0["window"] as? [String: Any])?["startMs"] as? Int }
                #expect(starts == [2_000, 4_000, 6_000, 8_000])
                for store in ["per-second", "sessions"] {
                    let whole = try await server.get("/stores/\(store)/entries?limit=1000")
                    #expect(try whole.keys.count == 90, "\(store)")
                    var paged: [String] = []
                    var target: String? = "/stores/\(store)/entries?limit=7"
                    while let next = target {
                        let reply = try await server.get(next)
                        paged += try reply.places
                        target = (try reply.json["page"] as? String).map {
                            "/stores/\(store)/entries?limit=7&page=\($0)"
                        }
                    }
                    #expect(try paged == whole.places, "\(store)")
                    let some = try await server.get(
                        "/stores/\(store)/entries?from=a&to=a&window-from=10000&window-to=20000")
                    #expect(try some.keys == Array(repeating: "a", count: 6), "\(store)")
                }
                let session = try await server.get("/stores/sessions/entries/b?window-from=58000")
                #expect(session.text.contains(#""window": {"startMs": 58000, "endMs": 58000}"#), "\(session.text)")

                #expect(try await server.get("/stores/versions/entries/a").json["value"] as? String == "a29")
                let earlier = try await server.get("/stores/versions/entries/a?as-of=20001")
                #expect(try earlier.json["value"] as? String == "a10")
                let all = try await server.get("/stores/versions/entries/a?versions=true")
                #expect(try all.keys.count == 30)

                #expect(try await server.get("/stores/counts/entries?from=a&to=b").keys.sorted() == ["a", "b"])
                #expect(try await server.get("/stores/counts/entries?prefix=%C3%A4").keys == ["ä/ö?"])
                let catalogue = try await server.get("/stores")
                let stores = try #require(try catalogue.json["stores"] as? [[String: Any]])
                #expect(
                    stores.compactMap { $0["kind"] as? String }.sorted() == [
                        "session", "timestamped-key-value", "timestamped-key-value", "timestamped-window",
                        "versioned-key-value",
                    ])
                #expect(!catalogue.position.isEmpty)
                #expect(try await server.get("/stores/counts").json["keyType"] as? String == "String")
                #expect(try await server.get("/health/ready").status == 200)
                #expect(try await server.get("/health/live").status == 200)
            }
        }

        @Test("the windows, sessions and versions of a key come page by page, each once")
        func pagesOfOneKey() async throws {
            var settings = MillraceServer.Configuration()
            settings.limits.maxPageEntries = 4
            try await withServers(settings: settings) { broker, servers in
                try broker.write((0..<10).map { (key: "a", value: "\($0)", timestampMs: Int64($0) * 2_000) })
                try await eventually("ten counts") {
                    try await servers[0].get("/stores/counts/entries/a").value == 10
                }
                for target in ["per-second/entries/a?", "sessions/entries/a?", "versions/entries/a?versions=true&"] {
                    var sizes: [Int] = []
                    var seen: [String] = []
                    var from = 0
                    while true {
                        let reply = try await servers[0].get("/stores/\(target)window-from=\(from)")
                        let entries = try #require(try reply.json["entries"] as? [[String: Any]])
                        sizes.append(entries.count)
                        seen += entries.map { "\($0["window"] ?? "") \($0["timestampMs"] ?? "")" }
                        guard let next = try reply.json["nextWindowFromMs"] as? Int else { break }
                        from = next
                    }
                    #expect(sizes == [4, 4, 2] && Set(seen).count == 10, "\(target): \(seen)")
                }
            }
        }

        @Test(
            "what a store cannot do is refused with a code",
            arguments: [
                ("/stores/nobody", 404, "store_unknown"), ("/stores/nobody/entries", 404, "store_unknown"),
                ("/stores/nobody/entries/k", 404, "store_unknown"),
                ("/stores/counts/entries/k?as-of=1", 400, "store_kind"),
                ("/stores/counts/entries/k?versions=true", 400, "store_kind"),
                ("/stores/counts/entries/0?key-format=hex", 400, "key_unreadable"),
                ("/stores/counts/entries/k?partition=9", 400, "partition_unknown"),
                ("/stores/counts/entries?partition=9", 400, "partition_unknown"),
                ("/stores/counts/entries?page=AAAA", 400, "page_invalid"),
                ("/stores/counts/entries?limit=0", 400, "parameter_invalid"),
                ("/stores/counts/entries?limit=1&limit=2", 400, "parameter_twice"),
                ("/stores/counts/entries?colour=red", 400, "parameter_unknown"),
                ("/stores/counts/entries?window-from=5&window-to=4", 400, "parameter_invalid"),
                ("/stores/unlogged/changes", 409, "no_changelog"), ("/stores/nobody/changes", 404, "store_unknown"),
                ("/stores/counts/changes?from=nonsense", 400, "position_invalid"),
                ("/stores/counts/changes?from=events-0@1", 400, "position_mismatch"), ("/nothing", 404, "path_unknown"),
                ("/stores/counts/entries/a/b", 404, "path_unknown"),
            ])
        func refusals(target: String, status: Int, code: String) async throws {
            let server = try await RefusalServer.shared.server
            let reply = try await server.get(target)
            #expect(reply.status == status && reply.code == code, "\(reply.text)")
            #expect(reply.headers.first(name: "content-type") == "application/json")
        }
    }
}

/// One server for all refusals: none of them changes it.
actor RefusalServer {
    static let shared = RefusalServer()
    private var made: Task<TestServer, any Error>?
    private var broker: TestBroker?

    var server: TestServer {
        get async throws {
            if let made { return try await made.value }
            let task = Task {
                let broker = try await TestBroker()
                keep(broker)
                var settings = MillraceServer.Configuration()
                settings.limits.defaultTimeout = .milliseconds(200)
                settings.limits.maxTimeout = .seconds(1)
                let server = try await TestServer(broker, number: 0, settings: settings)
                try await server.awaitsTasks(Int(TestBroker.partitionCount))
                try broker.write(["k", "l", "m"])
                try await eventually("a count") { try await server.get("/stores/counts/entries/k").status == 200 }
                return server
            }
            made = task
            return try await task.value
        }
    }

    private func keep(_ broker: TestBroker) { self.broker = broker }
}
