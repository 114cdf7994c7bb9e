import Foundation
import Millrace
import MillraceRuntime
import MillraceServer
import NIOHTTP1
import Testing

extension ServerTests {
    /// An instance whose other instance has lost its server: a script answers at its address.
    @Suite("Reads that are forwarded over shared connections")
    struct SharedConnectionTests {
        private typealias Script = @Sendable (ScriptedPeer.Request) -> [ScriptedPeer.Step]

        private static let keys = (0..<40).map { "k\($0)" }

        /// The keys by their owners.
        private struct Owned {
            var here: [String]
            var there: [String]
        }

        private static func withScript(
            _ script: @escaping Script = { [echo($0)] }, settings: MillraceServer.Configuration = .init(),
            headers: [(String, String)] = [],
            _ body: (TestServer, ScriptedPeer, Owned) async throws -> Void
        ) async throws {
            try await withServers(2, settings: settings) { broker, servers in
                try broker.write(keys)
                try await eventually("all counts") {
                    var count = 0
                    for key in keys {
                        let reply = try await servers[0].get("/stores/counts/entries/\(key)", headers)
                        if reply.status == 200 { count += 1 }
                    }
                    return count == keys.count
                }
                let here = try keys.filter {
                    try servers[0].application.metadata(ofKey: $0, .string, in: "counts").isHere
                }
                try await servers[1].stopServer()
                let peer = try await ScriptedPeer(at: servers[1].address, script)
                let owned = Owned(here: here, there: keys.filter { !here.contains($0) })
                #expect(!owned.here.isEmpty && owned.there.count > 3)
                try await body(servers[0], peer, owned)
                try await peer.stop()
            }
        }

        /// The answer of an owner to a request, which names its key.
        private static func echo(_ request: ScriptedPeer.Request) -> ScriptedPeer.Step {
            let key = request.target.prefix { $0 != "?" }.split(separator: "/").last ?? ""
            return ScriptedPeer.answer(
                #"{"key": "\#(key)"}"#,
                headers: "Content-Type: application/json\r\nMillrace-Position: events-0@7\r\n")
        }

        private static func get(_ keys: [String], query: String = "") -> String {
            keys.map { "GET /stores/counts/entries/\($0)\(query) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined()
        }

        /// The keys of the answers that a connection has received, in their order.
        private static func keys(in received: String) -> [String] {
            received.matches(of: /"key": "(k\d+)"/).map { String($0.output.1) }
        }

        /// Reads until the instance has sent a read over a connection that forwarded reads share.
        private static func open(_ server: TestServer, _ peer: ScriptedPeer, _ key: String) async throws {
            try await eventually("a shared connection") {
                let connection = try await RawConnection(server.address, reads: true)
                try await connection.send(get([key]))
                try await eventually("an answer") { connection.received.contains("HTTP/1.1 200") }
                connection.close()
                return peer.requests.contains(where: \.isShared)
            }
        }

        @Test("a client that sends ahead gets the answers in its order, from here and from the owner")
        func order() async throws {
            try await Self.withScript { server, peer, owned in
                try await Self.open(server, peer, owned.there[0])
                let mixed = (0..<200).map { $0 % 3 == 0 ? owned.here[0] : owned.there[$0 % owned.there.count] }
                // Each event loop opens a connection of its own, at first.
                try await eventually("reads of both clients over shared connections") {
                    let sharedCount = peer.requests.count(where: \.isShared)
                    let connections = [
                        try await RawConnection(server.address, reads: true),
                        try await RawConnection(server.address, reads: true),
                    ]
                    for connection in connections { try await connection.send(Self.get(mixed)) }
                    // What a client sends before it closes its side is answered too.
                    connections[0].closeOutput()
                    for connection in connections {
                        try await eventually("all answers") { Self.keys(in: connection.received).count >= mixed.count }
                        #expect(Self.keys(in: connection.received) == mixed)
                    }
                    try await eventually("the end of the closed connection") { connections[0].isEnded }
                    connections[1].close()
                    return peer.requests.count(where: \.isShared) > sharedCount + mixed.count
                }
                let one = try await server.get("/stores/counts/entries/\(owned.there[1])")
                #expect(one.position == "events-0@7" && one.headers.first(name: "content-type") == "application/json")
                #expect(one.headers.first(name: "cache-control") == "no-store")
            }
        }

        @Test("a request that cannot be read, after a forwarded one, is refused after its answer")
        func refusedInOrder() async throws {
            try await Self.withScript { server, peer, owned in
                try await Self.open(server, peer, owned.there[0])
                for _ in 0..<4 {
                    let connection = try await RawConnection(server.address, reads: true)
                    try await connection.send(Self.get([owned.there[0]]) + "nonsense\r\n\r\n")
                    try await eventually("the end") { connection.isEnded }
                    let statuses = connection.received.matches(of: /HTTP\/1.1 (\d+)/).map { String($0.output.1) }
                    #expect(statuses == ["200", "400"], "\(connection.received)")
                }
            }
        }

        @Test(
            "whatever is wrong with the owner's answer at once, the read goes on as others do, within its time",
            arguments: [
                [], [.close], [.send("220 mail.example ESMTP\r\n\r\n")], [.send("HTTP/1.1 200 OK\r\nContent-")],
                [.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), .close],
                [ScriptedPeer.answer("{}", status: "503 Service Unavailable")],
                [ScriptedPeer.answer(#"{"code": "store_unknown"}"#, status: "404 Not Found")],
                [ScriptedPeer.answer(String(repeating: "x", count: 100_000))],
                [.send(String(repeating: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", count: 2))],
            ] as [[ScriptedPeer.Step]])
        func fallsBack(_ steps: [ScriptedPeer.Step]) async throws {
            let script: Script = { $0.isShared ? steps : [Self.echo($0)] }
            try await Self.withScript(script) { server, peer, owned in
                try await eventually("a read that was forwarded at once") {
                    let connection = try await RawConnection(server.address, reads: true)
                    let begin = ContinuousClock.now
                    try await connection.send(Self.get([owned.there[1], owned.there[2]], query: "?timeout=24"))
                    try await eventually("both answers") {
                        connection.received.matches(of: /HTTP\/1.1 200/).count == 2
                    }
                    #expect(ContinuousClock.now - begin < .seconds(24))
                    // Where the owner sends two answers to a read, the second one is nobody's.
                    let found = Self.keys(in: connection.received)
                    #expect(found.last == owned.there[2] && (found.count == 2 || connection.received.contains("{}")))
                    connection.close()
                    return peer.requests.contains { $0.isShared && $0.target.contains("/\(owned.there[1])?") }
                }
                // The time for which the owner was silent is gone.
                let rests = peer.requests.filter { !$0.isShared && $0.target.contains("/\(owned.there[1])?") }
                    .compactMap { $0.target.split(separator: "timeout=").last.flatMap { Double($0) } }
                #expect(rests.allSatisfy { $0 < 24 } && (!steps.isEmpty || rests.contains { $0 <= 23 }))
            }
        }

        @Test("that there is nothing under a key is the owner's answer at once")
        func missing() async throws {
            let body = #"{"code": "key_unknown", "message": "nothing", "position": "events-0@7"}"#
            let script: Script = {
                $0.isShared ? [ScriptedPeer.answer(body, status: "404 Not Found")] : [Self.echo($0)]
            }
            try await Self.withScript(script) { server, _, owned in
                try await eventually("the answer of a shared connection") {
                    let reply = try await server.get("/stores/counts/entries/\(owned.there[0])")
                    return reply.status == 404 && reply.text == body
                }
            }
        }

        @Test("clients that go away while their reads are under way leave nothing behind, and others are answered")
        func gone() async throws {
            let script: Script = { request in
                request.isShared && request.target.contains("raw=true") ? [] : [Self.echo(request)]
            }
            try await Self.withScript(script) { server, peer, owned in
                try await Self.open(server, peer, owned.there[0])
                for _ in 0..<20 {
                    let connection = try await RawConnection(server.address, reads: true)
                    try await connection.send(Self.get([owned.there[1]], query: "?raw=true"))
                    connection.close()
                }
                let reply = try await server.get("/stores/counts/entries/\(owned.there[2])")
                #expect(reply.status == 200)
                // The owner's silence ends the shared connections; others are opened.
                try await eventually("an answer over another connection") {
                    let reply = try await server.get("/stores/counts/entries/\(owned.there[3])")
                    #expect(reply.status == 200)
                    let shared = peer.requests.filter { $0.isShared && $0.target.contains(owned.there[3]) }
                    return shared.contains { $0.number == 1 }
                }
            }
        }

        @Test("the owner sees the client's token, and who has none is refused here")
        func tokens() async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
            try "read 0123456789abcdef\n".write(to: file, atomically: true, encoding: .utf8)
            defer { try? FileManager.default.removeItem(at: file) }
            var settings = MillraceServer.Configuration()
            settings.tokenFile = file.path
            let token = ("authorization", "Bearer 0123456789abcdef")
            try await Self.withScript(settings: settings, headers: [token]) { server, peer, owned in
                try await eventually("a shared connection") {
                    _ = try await server.get("/stores/counts/entries/\(owned.there[0])", [token])
                    return peer.requests.contains(where: \.isShared)
                }
                for request in peer.requests {
                    #expect(request.text.lowercased().contains("\r\nauthorization: bearer 0123456789abcdef"))
                    #expect(request.text.lowercased().contains("\r\nmillrace-forwarded: 1"))
                }
                let count = peer.requests.count
                let refused = try await server.get("/stores/counts/entries/\(owned.there[0])")
                #expect(refused.status == 401 && peer.requests.count == count)
            }
        }
    }
}
