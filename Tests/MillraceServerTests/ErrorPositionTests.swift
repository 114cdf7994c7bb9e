import Foundation
import Millrace
import MillraceRuntime
import NIOHTTP1
import Testing

@testable import MillraceServer

extension ServerTests {
    @Suite("The position of errors")
    struct ErrorPositionTests {
        @Test(
            "each error about a store has the position that the store has reached, in the header and in the body",
            arguments: [
                ("GET", "/stores/counts/entries/{absent}", 404), ("GET", "/stores/counts/entries/k?as-of=1", 400),
                ("GET", "/stores/counts/entries/k?versions=true", 400),
                ("GET", "/stores/counts/entries/0?key-format=hex", 400),
                ("GET", "/stores/counts/entries/k?partition=9", 400),
                ("GET", "/stores/counts/entries/k?colour=red", 400),
                ("GET", "/stores/counts/entries/k?at-least=elsewhere-0@1", 400),
                ("GET", "/stores/counts/entries/k?at-least=events-0@100,events-1@100,events-2@100,events-3@100", 504),
                ("GET", "/stores/counts/entries?partition=9", 400), ("GET", "/stores/counts/entries?page=AAAA", 400),
                ("GET", "/stores/counts/entries?limit=0", 400),
                ("GET", "/stores/counts/entries?at-least=events-0@100&timeout=0.1", 504),
                ("POST", "/stores/counts/entries:batch", 400), ("POST", "/stores/counts/entries:batch?raw=maybe", 400),
                ("GET", "/stores/counts?colour=red", 400), ("GET", "/stores?colour=red", 400),
            ])
        func positions(method: String, target: String, status: Int) async throws {
            let server = try await RefusalServer.shared.server
            let reached = try #require(Position(try await server.get("/stores").position))
            // Of a partition that has records: the position of one without is empty.
            let partition = try server.application.metadata(ofKey: "k", .string, in: "counts").partition
            let absent = try #require(
                try (0..<100).map { "absent-\($0)" }.first {
                    try server.application.metadata(ofKey: $0, .string, in: "counts").partition == partition
                })
            let reply = try await server.send(
                HTTPMethod(rawValue: method), target.replacingOccurrences(of: "{absent}", with: absent),
                [("content-type", "application/json")],
                body: method == "POST" ? #"{"key": 1}"# : nil)
            #expect(reply.status == status, "\(reply.text)")
            #expect(try reply.json["position"] as? String == reply.position)
            let position = try #require(Position(reply.position))
            #expect(!position.isEmpty && position.offsets.allSatisfy { reached[$0.key] == $0.value }, "\(reply.text)")
        }

        @Test(
            "an error that is about no store, or about one without a known position, has none",
            arguments: [
                ("/stores/nobody/entries/k", 404), ("/stores/nobody", 404), ("/nothing", 404),
                ("/tasks?colour=red", 400),
                // The positions of changes are those of the changelog.
                ("/stores/counts/changes?from=nonsense", 400),
            ])
        func none(target: String, status: Int) async throws {
            let reply = try await RefusalServer.shared.server.get(target)
            #expect(reply.status == status && reply.position.isEmpty, "\(reply.text)")
            #expect(try reply.json["position"] == nil)
        }

        @Test("another instance's error has that instance's position")
        func forwarded() async throws {
            try await withServers(2) { broker, servers in
                let keys = (0..<20).map { "k\($0)" }
                try broker.write(keys)
                for server in servers {
                    try await eventually("all counts") {
                        let reply = try await server.batch("counts", keys)
                        return reply.status == 200 && !reply.text.contains("null")
                    }
                }
                for key in keys {
                    let position = try await servers[0].get("/stores/counts/entries/\(key)").position
                    let reached = try #require(Position(position))
                    for server in servers {
                        let reply = try await server.get("/stores/counts/entries/\(key)?versions=true")
                        #expect(reply.status == 400 && reply.code == "store_kind")
                        #expect(try #require(Position(reply.position)).reaches(reached), "\(key): \(reply.position)")
                        #expect(try reply.json["position"] as? String == reply.position)
                    }
                }
            }
        }

        @Test("the OpenAPI document has the header for all answers about stores, and for no other")
        func document() async throws {
            let server = try await RefusalServer.shared.server
            let document = try await server.get("/openapi.json").json
            let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
            for (path, operations) in paths {
                for operation in operations.values {
                    let responses = try #require(operation["responses"] as? [String: [String: Any]])
                    for (status, response) in responses {
                        let headers = response["headers"] as? [String: Any] ?? [:]
                        let isAboutStores = path.hasPrefix("/stores") || path.hasPrefix("/indexes/")
                        let isExpected = isAboutStores && status != "401" && status != "403"
                        #expect(headers.keys.contains("Millrace-Position") == isExpected, "\(path) \(status)")
                    }
                }
            }
        }
    }
}
