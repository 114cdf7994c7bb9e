import AsyncHTTPClient
import ChildProcesses
import Foundation
import Millrace
import MillraceRuntime
import MillraceServer
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

extension ServerTests {
    @Suite("Security")
    struct SecurityTests {
        private static let readToken = "read-0123456789abcdef"
        private static let operateToken = "operate-0123456789abcdef"

        @Test(
            "beyond this machine nothing starts without TLS and tokens or client certificates",
            arguments: [
                ("127.0.0.1", false, false, false, true), ("localhost", false, false, false, true),
                ("::1", false, false, false, true), ("127.9.9.9", false, false, false, true),
                ("0.0.0.0", false, false, false, false), ("::", false, false, false, false),
                ("10.0.0.1", true, false, false, false), ("10.0.0.1", false, true, false, false),
                ("10.0.0.1", true, true, false, true), ("10.0.0.1", true, false, true, true),
                ("127.0.0.1.example.org", false, false, false, false), ("server", false, false, false, false),
            ])
        func listening(host: String, tls: Bool, tokens: Bool, clients: Bool, starts: Bool) async throws {
            var configuration = MillraceServer.Configuration(address: InstanceAddress(host: host, port: 1))
            if tls {
                configuration.tls = .init(
                    certificateFile: "c", keyFile: "k", clientAuthorityFile: clients ? "a" : nil)
            }
            configuration.tokenFile = tokens ? "t" : nil
            #expect(configuration.problems().isEmpty == starts)
            if !starts {
                let problem = try #require(configuration.problems().first)
                #expect(problem.contains("TLS") && !problem.contains("\n"))
                let server = MillraceServer(
                    application: try RefusedApplication.make(), configuration: configuration)
                await #expect(throws: ServerError.self) { try await server.run() }
                #expect(await server.address == nil)
            }
        }

        @Test("a token gives the rights of its line and no others; without one nothing but health is told")
        func tokens() async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            try "# who\nread \(Self.readToken)\noperate \(Self.operateToken)\n".write(
                to: file, atomically: true, encoding: .utf8)
            try await withServers(2, settings: .init(tokenFile: file.path)) { broker, servers in
                let keys = (0..<20).map { "k\($0)" }
                try broker.write(keys)
                let authorized = [("authorization", "Bearer \(Self.readToken)")]
                for key in keys {
                    // What is forwarded takes the client's token along.
                    try await eventually("the count of \(key)") {
                        try await servers[0].get("/stores/counts/entries/\(key)", authorized).status == 200
                    }
                }
                for headers in [
                    [], [("authorization", "Bearer wrong-0123456789abcdef")],
                    [("authorization", "Basic \(Self.readToken)")], [("authorization", "Bearer")],
                    [("authorization", Self.readToken)], [("authorization", "Bearer \(Self.readToken)x")],
                    [("authorization", "Bearer \(Self.readToken.dropLast())")],
                ] {
                    let reply = try await servers[0].get("/stores", headers)
                    #expect(reply.status == 401 && reply.headers.first(name: "www-authenticate") == "Bearer")
                }
                let other = try await servers[0].get("/stores", [("authorization", "Bearer \(Self.operateToken)")])
                #expect(other.status == 403 && other.code == "forbidden")
                #expect(try await servers[0].get("/health/live").status == 200)
                #expect(try await servers[0].get("/openapi.json").text.contains("securitySchemes"))
            }
        }

        @Test(
            "a file of tokens that is wrong keeps the server from starting",
            arguments: [
                "", "# nothing\n", "read short\n", "write 0123456789abcdef0\n", "read\n",
                "read 0123456789abcdef0 more\n",
            ])
        func wrongTokens(text: String) async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            try text.write(to: file, atomically: true, encoding: .utf8)
            let configuration = MillraceServer.Configuration(
                address: InstanceAddress(host: "127.0.0.1", port: 0), tokenFile: file.path)
            let server = MillraceServer(application: try RefusedApplication.make(), configuration: configuration)
            await #expect(throws: ServerError.self) { try await server.run() }
        }

        @Test("a private key of another certificate keeps the server from starting, and the error names both")
        func wrongKey() async throws {
            let (files, others) = (try Certificates(), try Certificates())
            let configuration = MillraceServer.Configuration(
                address: InstanceAddress(host: "127.0.0.1", port: 0),
                tls: .init(certificateFile: files.certificate, keyFile: others.key))
            let server = MillraceServer(application: try RefusedApplication.make(), configuration: configuration)
            let error = await #expect(throws: ServerError.self) { try await server.run() }
            #expect(error?.description.contains(files.certificate) == true)
            #expect(error?.description.contains(others.key) == true)
        }

        @Test("over TLS the instances ask each other with their certificates, and nobody without one is answered")
        func certificates() async throws {
            let files = try Certificates()
            try await withServers(2, settings: .init(tls: files.tls)) { broker, servers in
                let keys = (0..<20).map { "k\($0)" }
                try broker.write(keys)
                var settings = TLSConfiguration.makeClientConfiguration()
                settings.trustRoots = .file(files.authority)
                let stranger = try await Self.statuses(servers[0], ["/stores"], settings)
                #expect(stranger == [nil])
                settings.certificateChain = try NIOSSLCertificate.fromPEMFile(files.certificate).map {
                    .certificate($0)
                }
                settings.privateKey = .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem))
                try await eventually("all keys, some of them from the other instance") {
                    try await Self.statuses(
                        servers[0], keys.map { "/stores/counts/entries/\($0)" }, settings
                    ).allSatisfy { $0 == 200 }
                }
            }
        }

        private static func statuses(
            _ server: TestServer, _ targets: [String], _ tls: TLSConfiguration
        ) async throws -> [Int?] {
            var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
            configuration.httpVersion = .http1Only
            configuration.timeout.connect = .seconds(5)
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            var found: [Int?] = []
            for target in targets {
                let request = HTTPClientRequest(url: "https://\(server.address)\(target)")
                found.append((try? await client.execute(request, timeout: .seconds(60))).map { Int($0.status.code) })
            }
            try await client.shutdown()
            return found
        }

        @Test("a page of another name does not reach a server that needs no token")
        func otherHost() async throws {
            let server = try await RefusalServer.shared.server
            for (host, status) in [("evil.example", 421), ("localhost", 200), ("127.0.0.1:80", 200), ("[::1]", 200)] {
                #expect(try await server.get("/stores", [("host", host)]).status == status, "\(host)")
            }
        }

        @Test("what is too large or too much is refused, and the server goes on")
        func limits() async throws {
            var settings = MillraceServer.Configuration()
            settings.limits.maxBodySizeInBytes = 1_000
            settings.limits.maxBatchKeys = 3
            settings.limits.maxScans = 1
            settings.limits.maxChangeStreams = 1
            settings.limits.maxTimeout = .seconds(1)
            try await withServers(settings: settings) { broker, servers in
                let server = servers[0]
                try broker.write(["k"])
                try await eventually("a count") { try await server.get("/stores/counts/entries/k").status == 200 }
                #expect(try await server.batch("counts", ["a", "b", "c", "d"]).code == "too_many_keys")
                let long = try await server.batch("counts", [String(repeating: "x", count: 2_000)])
                #expect(long.status == 413 && long.code == "body_too_large")
                let type = try await server.send(.POST, "/stores/counts/entries:batch", body: "{}")
                #expect(type.status == 415)
                let headers = try await RawConnection(server.address, reads: true)
                try await headers.send(
                    "GET /stores HTTP/1.1\r\nhost: localhost\r\nx: \(String(repeating: "y", count: 90_000))")
                try await eventually("the end of a connection with too many headers") { headers.isEnded }
                // A body that was announced and does not come.
                let stalled = try await RawConnection(server.address, reads: true)
                try await stalled.send(
                    "POST /stores/counts/entries:batch HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500\r\n\r\n{")
                try await eventually("a time-out") { stalled.received.contains("504") }
                let stream = try await EventStream(server, "/stores/counts/changes", lastID: "latest")
                #expect(stream.status == 200)
                let second = try await server.get("/stores/counts/changes")
                #expect(second.status == 429 && second.headers.first(name: "retry-after") == "1")
                #expect(try await server.get("/stores/counts/entries/k").status == 200)
            }
        }
    }
}

/// An application that nobody runs.
enum RefusedApplication {
    static func make() throws -> StreamsApplication {
        StreamsApplication(
            try TestServer.topology(),
            configuration: StreamsConfiguration(
                applicationID: "refused", bootstrapServers: ["127.0.0.1:1"], stateDirectory: "/nowhere"))
    }
}

/// An authority and a certificate that it has signed, made by openssl.
final class Certificates {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("certificates-\(UUID().uuidString)")

    var authority: String { folder.appendingPathComponent("ca.pem").path }
    var certificate: String { folder.appendingPathComponent("server.pem").path }
    var key: String { folder.appendingPathComponent("server.key").path }

    var tls: MillraceServer.Configuration.TLS {
        .init(certificateFile: certificate, keyFile: key, clientAuthorityFile: authority)
    }

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let process = try ChildProcess(
            URL(filePath: "/usr/bin/env"),
            [
                "--chdir=\(folder.path)", "sh", "-ec",
                """
                exec 2>/dev/null
                openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
                openssl req -newkey rsa:2048 -nodes -subj /CN=instance -keyout server.key -out server.csr
                printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' > names
                openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem
                """,
            ])
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Missing(what: "certificates by openssl") }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }
}
