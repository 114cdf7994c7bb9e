import Foundation
import Millrace
import MillraceRuntime
import MillraceServer
import Synchronization
import Testing

extension ServerTests {
    @Suite("Any instance answers for any key")
    struct ForwardingTests {
        private static let keys = (0..<40).map { "k\($0)" }

        @Test("keys, batches and scans have the same answers from every instance, each with its position")
        func sameAnswers() async throws {
            try await withServers(2) { broker, servers in
                try broker.write(Self.keys)
                for server in servers {
                    try await eventually("all counts") {
                        let reply = try await server.batch("counts", Self.keys)
                        return reply.status == 200 && !reply.text.contains("null")
                    }
                }
                var owned: Set<Int> = []
                for key in Self.keys {
                    let replies = [
                        try await servers[0].get("/stores/counts/entries/\(key)"),
                        try await servers[1].get("/stores/counts/entries/\(key)"),
                    ]
                    #expect(replies.map(\.status) == [200, 200] && replies[0].text == replies[1].text, "\(key)")
                    #expect(replies[0].value == 1 && replies[1].position.hasPrefix("events-"))
                    for (number, server) in servers.enumerated() {
                        let isHere = try server.application.metadata(ofKey: key, .string, in: "counts").isHere
                        if isHere { owned.insert(number) }
                        // A request that was forwarded is never forwarded again.
                        let local = try await server.get(
                            "/stores/counts/entries/\(key)?timeout=0", [("millrace-forwarded", "1")])
                        #expect(local.status == (isHere ? 200 : 503) && (isHere || local.code == "store_elsewhere"))
                    }
                }
                #expect(owned == [0, 1])
                let missing = try await servers[0].get("/stores/counts/entries/nobody")
                #expect(missing.status == 404 && missing.code == "key_unknown")

                let batch = try await servers[1].batch("counts", ["k7", "nobody", "k3", "k7"])
                let found = try #require(try batch.json["entries"] as? [Any])
                #expect(found.map { ($0 as? [String: Any])?["key"] as? String } == ["k7", nil, "k3", "k7"])

                let whole = try await servers.concurrentlyGet("/stores/counts/entries?limit=1000")
                #expect(Set(try whole[0].keys) == Set(Self.keys) && whole[0].text == whole[1].text)
                #expect(try whole[0].keys.count == 40)
                // Pages go on at another instance.
                var paged: [String] = []
                var page: String?
                repeat {
                    let reply = try await servers[paged.count % 2].get(
                        "/stores/counts/entries?limit=7" + (page.map { "&page=\($0)" } ?? ""))
                    paged += try reply.keys
                    page = try reply.json["page"] as? String
                } while page != nil
                #expect(try paged == whole[0].keys)
                let lines = try await servers[1].get(
                    "/stores/counts/entries", [("accept", "application/x-ndjson")])
                #expect(lines.text.split(separator: "\n").count == 41 && lines.text.hasSuffix("\"}}\n"))
            }
        }

        @Test("a read at least at a position waits for it, and says which was reached when the time is over")
        func atLeast() async throws {
            try await withServers(2) { broker, servers in
                try broker.write(["k1"])
                var position = ""
                try await eventually("the first count") {
                    let reply = try await servers[0].get("/stores/counts/entries/k1")
                    position = reply.position
                    return reply.status == 200
                }
                let partition = try #require(Position(position)?.offsets.keys.first)
                let next = Position(after: partition, offset: try #require(Position(position))[partition])
                for server in servers {
                    let late = try await server.get("/stores/counts/entries/k1?timeout=0.2&at-least=\(next)")
                    #expect(late.status == 504 && late.code == "position_not_reached" && late.position == position)
                }
                async let waiting = servers.concurrentlyGet("/stores/counts/entries/k1?timeout=20&at-least=\(next)")
                try broker.write(["k1"])
                for reply in try await waiting { #expect(reply.status == 200 && reply.value == 2) }
                let other = try await servers[0].get("/stores/counts/entries/k1?at-least=elsewhere-0@1")
                #expect(other.status == 400 && other.code == "position_mismatch")
                let wrong = try await servers[0].get("/stores/counts/entries/k1?at-least=nonsense")
                #expect(wrong.status == 400 && wrong.code == "parameter_invalid")
            }
        }

        @Test(
            "reads go through a rebalance: while an instance comes and goes, the other answers for every key, and never goes back"
        )
        func rebalance() async throws {
            try await withServers { broker, servers in
                let stays = servers[0]
                try broker.write(Self.keys)
                try await eventually("all counts") {
                    try await !stays.batch("counts", Self.keys).text.contains("null")
                }
                let reading = Reading()
                async let reads: Void = {
                    var seen = Position()
                    while !reading.isOver.load(ordering: .acquiring) {
                        let key = Self.keys[reading.count.load(ordering: .relaxed) % Self.keys.count]
                        let reply = try await stays.get("/stores/counts/entries/\(key)?timeout=20&at-least=\(seen)")
                        #expect(reply.status == 200 && reply.value == 1, "\(key): \(reply.text)")
                        seen.merge(try #require(Position(reply.position)))
                        reading.count.add(1, ordering: .releasing)
                    }
                }()
                func everyKeyIsRead(_ when: String) async throws {
                    let before = reading.count.load(ordering: .acquiring)
                    try await eventually("every key is read \(when)") {
                        reading.count.load(ordering: .acquiring) >= before + Self.keys.count
                    }
                }
                let comes = try await TestServer(broker, number: 1)
                try await comes.awaitsTasks(2)
                try await eventually("an answer of the newcomer's") {
                    try await comes.get("/stores/counts/entries/k1").status == 200
                }
                try await everyKeyIsRead("beside the newcomer")
                try await comes.stop()
                try await stays.awaitsTasks(4)
                try await everyKeyIsRead("after it")
                reading.isOver.store(true, ordering: .releasing)
                try await reads
            }
        }

        @Test("a standby answers if stale answers are accepted, and only then")
        func standby() async throws {
            try await withServers(2, standbys: 1) { broker, servers in
                try broker.write(Self.keys)
                for server in servers {
                    for query in ["?stale=true&timeout=0", "?timeout=0"] {
                        try await eventually("the answers with \(query)") {
                            var answered = 0
                            for key in Self.keys {
                                let reply = try await server.get(
                                    "/stores/counts/entries/\(key)\(query)", [("millrace-forwarded", "1")])
                                if reply.status == 200 { answered += 1 }
                            }
                            return query.contains("stale") ? answered == 40 : (1..<40).contains(answered)
                        }
                    }
                }
            }
        }
    }
}

extension [TestServer] {
    func concurrentlyGet(_ target: String) async throws -> [Reply] {
        async let first = self[0].get(target)
        async let second = self[1].get(target)
        return try await [first, second]
    }
}

/// The progress of reads that go on until somebody ends them.
private final class Reading: Sendable {
    let isOver = Atomic<Bool>(false)
    let count = Atomic<Int>(0)
}
