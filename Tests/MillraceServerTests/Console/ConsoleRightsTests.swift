import Foundation
import Millrace
import MillraceServer
import Testing

extension ServerTests {
    @Suite("The rights of a caller and the dead letters")
    struct ConsoleRightsTests {
        @Test("a caller is told the rights of its token; without a token file everybody may read and nobody operate")
        func rights() async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            let tokens = [
                ("0123456789abcdef", ["operate"]), ("fedcba9876543210", ["read"]),
                ("aaaabbbbccccdddd", ["operate", "read"]),
            ]
            try tokens.map { "\($1.joined(separator: ",")) \($0)" }.joined(separator: "\n")
                .write(to: file, atomically: true, encoding: .utf8)
            var settings = MillraceServer.Configuration()
            settings.tokenFile = file.path
            try await withServers(settings: settings) { _, servers in
                for (token, rights) in tokens {
                    let reply = try await servers[0].get("/rights", [("authorization", "Bearer \(token)")])
                    #expect(try reply.json["rights"] as? [String] == rights)
                }
                #expect(try await servers[0].get("/rights").status == 401)
                let unknown = try await servers[0].get("/rights", [("authorization", "Bearer nobodyknowsthis0")])
                #expect(unknown.status == 401 && unknown.code == "token_unknown")
                #expect(try await servers[0].get("/dead-letters").status == 401)
            }
            let open = try await RefusalServer.shared.server
            #expect(try await open.get("/rights").json["rights"] as? [String] == ["read"])
        }

        @Test("a page of dead letters has at most 200, and the text after which it begins is checked")
        func limits() async throws {
            let server = try await RefusalServer.shared.server
            #expect(try await server.get("/dead-letters").text == #"{"topics": [], "letters": []}"#)
            for query in ["limit=0", "limit=201", "limit=x", "before=7", "offset=1"] {
                #expect(try await server.get("/dead-letters?\(query)").status == 400, "\(query)")
            }
        }
    }
}
