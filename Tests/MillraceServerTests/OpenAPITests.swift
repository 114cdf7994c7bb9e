import Foundation
import MillraceRouting
import NIOHTTP1
import Testing

@testable import MillraceServer

extension ServerTests {
    @Suite("The OpenAPI document")
    struct OpenAPITests {
        @Test("each operation of the document is answered, and each has its parameters, its schemas and a summary")
        func operations() async throws {
            let server = try await RefusalServer.shared.server
            let document = try await server.get("/openapi.json").json
            let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
            let schemas = try #require(
                (document["components"] as? [String: Any])?["schemas"] as? [String: Any])
            #expect(
                paths.keys.sorted() == [
                    "/configuration", "/dead-letters", "/errors", "/explain", "/health/live", "/health/ready",
                    "/indexes", "/indexes/{index}/examples/{key}", "/indexes/{index}/search",
                    "/metric-summaries", "/metrics", "/openapi.json", "/pause", "/resume", "/rights", "/stores",
                    "/stores/{store}", "/stores/{store}/changes", "/stores/{store}/entries",
                    "/stores/{store}/entries/{key}", "/stores/{store}/entries:batch", "/tasks",
                    "/threads/add", "/threads/remove", "/topology",
                ])
            for (path, operations) in paths {
                for (method, operation) in operations {
                    let parameters = try #require(operation["parameters"] as? [[String: Any]])
                    let inPath = parameters.filter { $0["in"] as? String == "path" }.compactMap {
                        $0["name"] as? String
                    }
                    #expect(inPath.allSatisfy { path.contains("{\($0)}") })
                    #expect(inPath.count == path.filter { $0 == "{" }.count, "\(path)")
                    #expect((operation["summary"] as? String)?.isEmpty == false)
                    let target = path.replacingOccurrences(of: "{store}", with: "counts")
                        .replacingOccurrences(of: "{key}", with: "k")
                        .replacingOccurrences(of: "{index}", with: "similar-counts")
                    // A stream would not end.
                    let isStream = path.hasSuffix("changes")
                    let needed = parameters.filter {
                        $0["in"] as? String == "query" && $0["required"] as? Bool == true
                    }.compactMap { $0["name"] as? String }
                    let query = isStream ? "?from=nonsense" : needed.isEmpty ? "" : "?\(needed.joined())=k"
                    let reply = try await server.send(
                        HTTPMethod(rawValue: method.uppercased()), target + query,
                        [("content-type", "application/json")],
                        body: method != "post" ? nil : path.hasSuffix("search") ? #"{"key": "k"}"# : #"{"keys": ["k"]}"#
                    )
                    // Nobody operates a server without tokens.
                    let isOperated = ["/pause", "/resume", "/threads/add", "/threads/remove"].contains(path)
                    let expected = isOperated ? 403 : isStream ? 400 : 200
                    #expect(reply.status == expected, "\(method) \(path): \(reply.text)")
                    let documented = try #require(operation["responses"] as? [String: Any])
                    #expect(documented["\(reply.status)"] != nil, "\(path)")
                    for other in ["get", "post", "put", "delete", "patch"] where operations[other] == nil {
                        let refused = try await server.send(HTTPMethod(rawValue: other.uppercased()), target)
                        #expect(refused.status == 405 && refused.code == "method_not_allowed", "\(other) \(path)")
                    }
                }
            }
            let text = try await server.get("/openapi.json").text
            for part in text.components(separatedBy: "#/components/schemas/").dropFirst() {
                #expect(schemas[String(part.prefix { $0 != "\"" })] != nil)
            }
        }

        @Test("a page token is of one scan, and any change of it is refused")
        func pageTokens() throws {
            let scan = ["counts", "from", "a"]
            for token in [
                ScanPlace(partition: 0), ScanPlace(partition: 77, place: []),
                ScanPlace(partition: .max, place: [0, 255, 1]),
            ] {
                let text = token.text(of: scan)
                let read = try ScanPlace(text, of: scan)
                #expect(read.partition == token.partition && read.place == token.place)
                #expect(throws: Failure.self) { try ScanPlace(text, of: ["counts", "from", "b"]) }
                #expect(throws: Failure.self) { try ScanPlace(text, of: ["counts", "fro", "ma"]) }
                for index in text.indices {
                    var changed = text
                    changed.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
                    if let other = try? ScanPlace(changed, of: scan) {
                        // The last character of Base64 may have bits that mean nothing.
                        #expect(other.partition == token.partition && other.place == token.place)
                    }
                }
                #expect(throws: Failure.self) { try ScanPlace(String(text.dropLast(4)), of: scan) }
            }
        }

        @Test(
            "secrets are compared in full",
            arguments: [
                ("secret", "secret", true), ("secret", "secreT", false), ("secret", "secre", false),
                ("secret", "", false),
                ("", "", false), ("secret", "secretsecret", false), ("aa", "aaaa", false),
            ])
        func comparison(secret: String, given: String, isEqual: Bool) {
            #expect(AccessTokens.isEqual(Array(secret.utf8), Array(given.utf8)) == isEqual)
        }
    }
}
