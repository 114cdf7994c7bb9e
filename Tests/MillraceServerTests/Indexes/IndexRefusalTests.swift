import Foundation
import Millrace
import MillraceServer
import NIOHTTP1
import Testing

extension ServerTests {
    @Suite("Searches of indexes that are refused")
    struct IndexRefusalTests {
        private static let nested =
            String(repeating: #"{"$and":["#, count: 40) + "{}"
            + String(repeating: "]}", count: 40)

        @Test(
            "a request that cannot be answered gets a status, a code and a sentence, and the server goes on",
            arguments: [
                (#"{"vector": [1, 2]"#, "search_invalid", "no JSON"), ("[]", "search_invalid", "object"),
                ("{}", "search_invalid", "missing"), (#"{"vector": [1, 2, 3]}"#, "search_invalid", "2"),
                (#"{"vector": [0, 0]}"#, "search_invalid", "zero"),
                (#"{"vector": [1e40, 0]}"#, "search_invalid", "range"),
                (#"{"vector": "AADAfwAAgD8="}"#, "search_invalid", "nan"),
                (#"{"vector": "AAA="}"#, "search_invalid", "Base64"), (#"{"vector": {}}"#, "search_invalid", "array"),
                (#"{"vector": [1, 2], "key": "k"}"#, "search_invalid", "not both"),
                (#"{"key": 7}"#, "search_invalid", "text"), (#"{"key": "nobody"}"#, "key_unknown", "nothing"),
                (#"{"vector": [1, 2], "count": 0}"#, "search_invalid", "1,000|1000"),
                (#"{"vector": [1, 2], "count": 1001}"#, "search_invalid", "1000"),
                (#"{"vector": [1, 2], "count": 1.5}"#, "search_invalid", "whole"),
                (#"{"vector": [1, 2], "k": 3}"#, "search_invalid", "no member k"),
                (#"{"vector": [1, 2], "effort": "best"}"#, "search_invalid", "effort"),
                (#"{"vector": [1, 2], "effort": 100000}"#, "search_invalid", "10000"),
                (#"{"vector": [1, 2], "filter": []}"#, "search_invalid", "object"),
                (#"{"vector": [1, 2], "filter": {"city": "Bonn"}}"#, "search_invalid", "no attribute city"),
                (#"{"vector": [1, 2], "filter": {"count": "Bonn"}}"#, "search_invalid", "number"),
                (#"{"vector": [1, 2], "filter": {"count": {"$like": 1}}}"#, "search_invalid", "$like"),
                (#"{"vector": [1, 2], "filter": {"$not": {}}}"#, "search_invalid", "$not"),
                (#"{"vector": [1, 2], "filter": {"count": {"$in": 1}}}"#, "search_invalid", "list"),
                (#"{"vector": [1, 2], "filter": {"count": {"$eq": [1]}}}"#, "search_invalid", "$eq"),
                (#"{"vector": [1, 2], "filter": {"count": null}}"#, "search_invalid", "compared"),
                (#"{"vector": [1, 2], "filter": {"count": {}}}"#, "search_invalid", "no condition"),
                (#"{"vector": [1, 2], "filter": {"$or": [1]}}"#, "search_invalid", "objects"),
                (#"{"vector": [1, 2], "filter": \#(nested)}"#, "search_invalid", "nested"),
                (
                    #"{"vector": [1, 2], "filter": {"count": {"$in": [\#((0...2_000).map(String.init).joined(separator: ","))]}}}"#,
                    "search_invalid", "too large"
                ),
            ])
        func refused(body: String, code: String, part: String) async throws {
            let server = try await RefusalServer.shared.server
            let reply = try await server.search(text: body, of: "similar-counts")
            #expect(reply.status == (code == "key_unknown" ? 404 : 400), "\(reply.text)")
            #expect(reply.code == code, "\(reply.text)")
            let message = try #require(try reply.json["message"] as? String)
            let parts = part.split(separator: "|")
            #expect(parts.contains { message.contains($0) }, "\(message)")
            #expect(!message.contains("\n"))
            let next = try await server.search(["key": "k", "count": 2], of: "similar-counts")
            #expect(try next.status == 200 && Set(next.matchedKeys) == ["l", "m"])
        }

        @Test("an unknown index, another type of body and a body that is too large are refused")
        func others() async throws {
            let server = try await RefusalServer.shared.server
            let unknown = try await server.search(["key": "k"], of: "nothing")
            #expect(unknown.status == 404 && unknown.code == "index_unknown")
            #expect(unknown.text.contains("similar-counts"))
            let example = try await server.get("/indexes/nothing/examples/k")
            #expect(example.status == 404 && example.code == "index_unknown")
            let missing = try await server.get("/indexes/similar-counts/examples/nobody")
            #expect(missing.status == 404 && missing.code == "key_unknown")
            let type = try await server.send(.POST, "/indexes/similar-counts/search", body: "{}")
            #expect(type.status == 415)
            let large = try await server.search(text: String(repeating: " ", count: 2 << 20), of: "similar-counts")
            #expect(large.status == 413)
            for query in ["?partitions=x", "?partitions=", "?partitions=0,-1"] {
                let wrong = try await server.search(["key": "k"], of: "similar-counts", query: query)
                #expect(wrong.status == 400 && wrong.code == "parameter_invalid", "\(query)")
            }
        }

        @Test("searches take the right to read, and no more run at once than the limit says")
        func rights() async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            try "read 0123456789abcdef-read\noperate 0123456789abcdef-oper\n".write(
                to: file, atomically: true, encoding: .utf8)
            var settings = MillraceServer.Configuration(tokenFile: file.path)
            settings.limits.maxSearches = 1
            try await withServers(2, settings: settings) { broker, servers in
                try broker.write(["k", "l", "m", "n", "o", "p"])
                let token = [("authorization", "Bearer 0123456789abcdef-read")]
                try await eventually("what is forwarded has the token") {
                    let reply = try await servers[0].search(
                        ["vector": [1, 1], "count": 6], of: "similar-counts", headers: token)
                    return try reply.status == 200 && reply.matchedKeys.count == 6
                }
                for headers in [[], [("authorization", "Bearer 0123456789abcdef-oper")]] {
                    let refused = try await servers[0].search(["key": "k"], of: "similar-counts", headers: headers)
                    #expect(refused.status == (headers.isEmpty ? 401 : 403))
                    let list = try await servers[0].get("/indexes", headers)
                    #expect(list.status == refused.status && !list.text.contains("similar-counts"))
                }
                // One search waits for a position that does not come; there is no place for another.
                async let waiting = {
                    // Now and then the other one has the place.
                    while try await servers[0].search(
                        ["vector": [1, 1]], of: "similar-counts", query: "?timeout=20&at-least=events-0@1000000",
                        headers: token
                    ).status == 429 {}
                }()
                try await eventually("a search that has no place") {
                    let reply = try await servers[0].search(["vector": [1, 1]], of: "similar-counts", headers: token)
                    return reply.status == 429 && reply.code == "too_many_searches"
                }
                try await servers[0].stopServer()
                _ = try? await waiting
            }
        }
    }
}
