import Foundation
import Millrace
import MillraceServer
import TestSupport
import Testing

extension ServerTests {
    @Suite("Hostile input")
    struct HostileInputTests {
        /// The seed of a run; another one with MILLRACE_TEST_SEED.
        private static let seed =
            ProcessInfo.processInfo.environment["MILLRACE_TEST_SEED"].flatMap { UInt64($0) } ?? 20_261_129
        private static let rounds = 1_500

        @Test("whatever is sent, no answer has a status of 5xx but 503 and 504, and the server goes on")
        func fuzz() async throws {
            let server = try await RefusalServer.shared.server
            var random = SeededNumbers(seed: Self.seed)
            for round in 0..<Self.rounds {
                let request = Self.request(&random)
                let connection = try await RawConnection(server.address, reads: true)
                try? await connection.send(request)
                connection.closeOutput()
                try await eventually("an end of round \(round) of seed \(Self.seed)") {
                    connection.isEnded || Self.isStream(connection.received)
                }
                connection.close()
                for status in Self.statuses(connection.received) {
                    #expect(
                        (200..<500).contains(status) || [503, 504].contains(status),
                        "round \(round) of seed \(Self.seed): \(String(decoding: request, as: UTF8.self))")
                }
                if round % 100 == 0 { #expect(try await server.get("/stores/counts/entries/k").value == 1) }
            }
            #expect(try await server.get("/stores/counts/entries/k").value == 1)
        }

        @Test(
            "a part of a path stays a part: what is encoded in a name or key reaches no other endpoint",
            arguments: [
                ("/stores/counts%2Fentries%2Fk", 404), ("/stores/%2e%2e/health/live", 404), ("/stores/../stores", 404),
                ("//stores", 404), ("/stores/", 404), ("/stores/counts/", 404), ("/stores/counts%00", 404),
                ("/stores/counts/entries/..%2F..%2F..%2Fhealth%2Flive", 404),
                ("/stores/counts/entries/%0d%0aSet-Cookie:x", 404),
                ("/stores/counts/entries/%F0", 400), ("/stores/counts/entries/%G0", 400),
                ("/stores/counts/entries/%", 400),
                ("/stores/counts/entries?prefix=%ff", 400), ("stores", 400), ("http://localhost/stores", 200),
            ])
        func paths(target: String, status: Int) async throws {
            let server = try await RefusalServer.shared.server
            let connection = try await RawConnection(server.address, reads: true)
            try await connection.send("GET \(target) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            try await eventually("an answer") { connection.isEnded }
            #expect(Self.statuses(connection.received) == [status], "\(connection.received)")
            #expect(!connection.received.lowercased().contains("set-cookie"))
        }

        @Test("requests that are sent ahead are answered in their order, whether memory has the answer or not")
        func order() async throws {
            let server = try await RefusalServer.shared.server
            let connection = try await RawConnection(server.address, reads: true)
            let kinds = [
                ("/stores/counts/entries/k", "\"value\": 1"), ("/stores/counts/entries?limit=1", "\"entries\": ["),
                ("/stores/counts/entries/nobody", "key_unknown"), ("/health/live", "\"state\": "),
            ]
            // Every kind comes before and after every other, and a few of one kind in a row.
            let requests = (0..<64).map { kinds[[$0, $0 / 4, $0 / 16][$0 % 3] % 4] }
            let heads = requests.map { "GET \($0.0) HTTP/1.1\r\nhost: localhost\r\n\r\n" }.joined()
            // The end of the input does not cut off the answers.
            try await connection.send(heads)
            connection.closeOutput()
            try await eventually("an end") { connection.isEnded }
            let answers = connection.received.components(separatedBy: "HTTP/1.1 ").dropFirst()
            #expect(answers.count == requests.count)
            for (answer, request) in zip(answers, requests) {
                #expect(answer.contains(request.1), "\(request.0): \(answer)")
                let date = answer.components(separatedBy: "\r\n").filter { $0.lowercased().hasPrefix("date: ") }
                #expect(date.count == 1 && date[0].hasSuffix(" GMT") && date[0].count == 35, "\(date)")
            }
        }

        private static func isStream(_ received: String) -> Bool { received.contains("text/event-stream") }

        private static func statuses(_ received: String) -> [Int] {
            received.components(separatedBy: "HTTP/1.1 ").dropFirst().compactMap { Int($0.prefix(3)) }
        }

        // MARK: Requests

        private static let methods = [
            "GET", "GET", "GET", "GET", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get",
            "G E T", "",
        ]
        private static let paths = [
            "/stores", "/stores/counts", "/stores/counts/entries", "/stores/counts/entries/k",
            "/stores/per-second/entries/k", "/stores/sessions/entries", "/stores/versions/entries/k",
            "/stores/counts/entries:batch", "/stores/counts/changes", "/openapi.json", "/metrics", "/health/live",
            "/health/ready", "/explain",
            "/", "",
        ]
        private static let names = [
            "limit", "page", "from", "to", "prefix", "window-from", "window-to", "as-of", "versions", "raw", "stale",
            "timeout", "at-least", "partition", "key-format", "key", "topic", "", "a",
        ]
        private static let values = [
            "0", "1", "-1", "9223372036854775807", "9223372036854775808", "1e308", "nan", "inf", "true", "false", "hex",
            "base64", "text", "events-0@1", "events-0@9223372036854775807", "@", "-@", "latest", "earliest", "%00",
            "%ff",
            "%", "k", "0x", "AAAA", "0.01",
        ]
        private static let headers = [
            "millrace-forwarded: 1", "accept: application/x-ndjson", "accept: application/octet-stream", "accept: ,;,",
            "content-type: application/json", "content-length: 5", "content-length: -1",
            "content-length: 99999999999999",
            "transfer-encoding: chunked", "last-event-id: x@y", "authorization: Bearer", "expect: 100-continue",
            "connection: upgrade", "upgrade: websocket", "host: evil", "x: \u{1}",
        ]
        private static let bodies = [
            "", "{", "[]", "{\"keys\": []}", "{\"keys\": [1]}", "{\"keys\": [\"k\", \"\"]}", "null", "{\"keys\": null}",
            "5\r\n{\"key\r\n0\r\n\r\n",
        ]

        private static func request(_ random: inout SeededNumbers) -> [UInt8] {
            var path = pick(paths, &random)
            if random.next() % 4 == 0 { path += noise(&random) }
            let count = Int(random.next() % 4)
            let query = (0..<count).map { _ in
                pick(names, &random) + "=" + (random.next() % 5 == 0 ? noise(&random) : pick(values, &random))
            }
            if count > 0 { path += "?" + query.joined(separator: "&") }
            if !query.contains(where: { $0.hasPrefix("timeout") }), random.next() % 3 > 0 {
                path += (count > 0 ? "&" : "?") + "timeout=0.05"
            }
            var head = "\(pick(methods, &random)) \(path) HTTP/1.1\r\nhost: localhost\r\n"
            for _ in 0..<(random.next() % 4) { head += pick(headers, &random) + "\r\n" }
            var bytes = Array((head + "\r\n" + pick(bodies, &random)).utf8)
            // Some requests are torn, and some have bytes that nobody would write.
            if random.next() % 8 == 0 { bytes = Array(bytes.prefix(Int(random.next() % UInt64(bytes.count + 1)))) }
            if random.next() % 8 == 0, !bytes.isEmpty {
                for _ in 0..<3 {
                    bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            return bytes
        }

        private static func pick(_ texts: [String], _ random: inout SeededNumbers) -> String {
            texts[Int(random.next() % UInt64(texts.count))]
        }

        private static func noise(_ random: inout SeededNumbers) -> String {
            let characters = Array("abk/%20%2F..;=&?#+\\\"'<>{}|^~@,-:0189é\u{7f}")
            return String(
                (0..<(random.next() % 12)).map { _ in characters[Int(random.next() % UInt64(characters.count))] })
        }
    }
}
