import AsyncHTTPClient
import EmbeddedBroker
import Foundation
import Logging
import Millrace
import MillraceConnect
import MillraceConnectRuntime
import MillraceMetrics
import MillraceServer
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import ServiceLifecycle
import Testing

extension ServerTests {
    @Suite("Connectors over HTTP")
    struct ConnectorRouteTests {
        @Test("any process shows the tasks of all, and an order reaches all")
        func merged() async throws {
            let broker = try await TestBroker()
            let files = ["a", "b", "c", "d", "e", "f", "g", "h"]
            let folder = broker.directory.appending(path: "in")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for file in files { try Data().write(to: folder.appending(path: file)) }
            let tokens = broker.directory.appending(path: "tokens")
            try Data("read \(Self.reader)\nread,operate \(Self.operating)\n".utf8).write(to: tokens)
            try await withServers(2, broker, tokens: tokens.path) { servers in
                try await eventually("both are asked, and share the parts", within: .seconds(900)) {
                    let report = try await servers[0].report()
                    return report.complete && report.processes.count == 2
                        && report.connectors[0].tasks.map(\.name) == files
                        && Set(report.connectors[0].tasks.compactMap(\.process)).count == 2
                }
                // A process counts what it has read itself, so nothing is there to be read before.
                for file in files { try Data("one\n".utf8).write(to: folder.appending(path: file)) }
                try await eventually("all parts have been read", within: .seconds(900)) {
                    try await servers[0].report().connectors[0].tasks.allSatisfy {
                        $0.state == "RUNNING" && $0.records == 1
                    }
                }
                let metrics = try await servers[0].get("/metrics").text
                #expect(
                    metrics.contains(#"millrace_connector_state{client="bank",connector="lines",state="RUNNING"} 1"#))
                #expect(metrics.contains("millrace_connector_records_total"))
                #expect(try await servers[0].get("/health/live").status == 200)
                #expect(try await servers[0].get("/health/ready").status == 200)
                #expect(try await servers[1].post("/connectors/lines/pause", token: Self.reader).status == 403)
                #expect(try await servers[1].post("/connectors/lnes/pause").status == 404)
                #expect(try await servers[1].post("/connectors/lines/pause?task=z").status == 404)
                #expect(try await servers[1].post("/connectors/lines/pause").status == 200)
                try await eventually("all are paused", within: .seconds(900)) {
                    let connector = try await servers[0].report().connectors[0]
                    return connector.state == "PAUSED" && connector.tasks.map(\.state) == files.map { _ in "PAUSED" }
                }
                #expect(try await servers[0].post("/connectors/lines/resume").status == 200)
                #expect(try await servers[0].post("/connectors/lines/pause?task=c").status == 200)
                try await eventually("only one is paused", within: .seconds(900)) {
                    let status = try await servers[1].get("/connectors/lines/status")
                    let connector = try JSONDecoder().decode(Report.Connector.self, from: Data(buffer: status.body))
                    return connector.tasks.map(\.state) == files.map { $0 == "c" ? "PAUSED" : "RUNNING" }
                }
                #expect(try await servers[0].get("/connectors/lnes/status").status == 404)
            }
        }

        @Test("a process without a server is counted, and named as one that could not be asked")
        func processesWithoutServers() async throws {
            let broker = try await TestBroker()
            let folder = broker.directory.appending(path: "in")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data("one\n".utf8).write(to: folder.appending(path: "a"))
            try await withServers(2, unserved: 1, broker, tokens: nil) { servers in
                try await eventually("all three are known", within: .seconds(900)) {
                    for server in servers where try await server.report().processes.count != 3 { return false }
                    return true
                }
                let report = try await servers[1].report()
                #expect(!report.complete)
                #expect(report.processes.allSatisfy { $0.name.hasPrefix("bank-") })
                #expect(Set(report.processes.map(\.name)).count == 3)
                #expect(
                    report.processes.filter { $0.address == nil }.map(\.error)
                        == ["it has no server that others can reach"])
                #expect(report.processes.filter { $0.error == nil }.count == 2)
                // The process without a server has a connector more.
                let lacking = report.processes.filter { $0.error == nil }.map(\.name).sorted()
                #expect(
                    report.differences == [
                        "the connector more is missing in the configuration of \(lacking.joined(separator: " and ")): "
                            + "the other processes do its work"
                    ])
            }
        }

        @Test("the document describes the routes of a worker, and no stores")
        func document() async throws {
            let broker = try await TestBroker()
            try await withServers(1, broker, tokens: nil) { servers in
                let document = try await servers[0].get("/openapi.json").json
                let paths = try #require(document["paths"] as? [String: Any])
                #expect(
                    paths.keys.sorted() == [
                        "/connectors", "/connectors/{connector}/pause", "/connectors/{connector}/restart",
                        "/connectors/{connector}/resume", "/connectors/{connector}/status", "/health/live",
                        "/health/ready", "/metric-summaries", "/metrics", "/openapi.json", "/rights",
                    ])
                #expect(try await servers[0].post("/connectors/lines/pause").status == 403)
                #expect(try await servers[0].get("/stores").status == 404)
                let page = try await servers[0].get("/").text
                #expect(page.contains("/console/connectors.js"))
                for file in ["connectors.js", "confirm.js", "history.js", "tiles.js", "token.js", "console.css"] {
                    #expect(try await servers[0].get("/console/\(file)").status == 200, "\(file)")
                }
            }
        }

        // MARK: Processes

        private static let reader = "a-token-of-a-reader"
        private static let operating = "a-token-of-an-operator"

        private struct Report: Decodable {
            var complete: Bool
            var processes: [Process]
            var connectors: [Connector]
            var differences: [String]?

            struct Process: Decodable {
                var name: String
                var address: String?
                var error: String?
            }
            struct Connector: Decodable {
                var name: String
                var state: String
                var tasks: [Task]
            }
            struct Task: Decodable {
                var name: String
                var state: String
                var records: Int
                var process: String?
            }
        }

        private struct Process: Sendable {
            var address: InstanceAddress
            var token: String

            func get(_ target: String) async throws -> Reply { try await send(.GET, target, token) }

            func post(_ target: String, token: String? = nil) async throws -> Reply {
                try await send(.POST, target, token ?? self.token)
            }

            func report() async throws -> Report {
                try JSONDecoder().decode(Report.self, from: Data(buffer: try await get("/connectors").body))
            }

            private func send(_ method: HTTPMethod, _ target: String, _ token: String) async throws -> Reply {
                var request = HTTPClientRequest(url: "http://\(address)\(target)")
                request.method = method
                request.headers.add(name: "authorization", value: "Bearer \(token)")
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
                return Reply(
                    status: Int(response.status.code), headers: response.headers,
                    body: try await response.body.collect(upTo: 1 << 20))
            }
        }

        private func withServers(
            _ count: Int, unserved: Int = 0, _ broker: TestBroker, tokens: String?,
            _ body: ([Process]) async throws -> Void
        ) async throws {
            let source = FileSource(path: broker.directory.appending(path: "in").path, topic: TestBroker.input)
            var logger = Logger(label: "connect-test")
            logger.logLevel = .critical
            var processes: [Process] = []
            var groups: [ServiceGroup] = []
            let common = ConnectConfiguration(
                name: "bank", bootstrapServers: [broker.broker.bootstrapServers],
                connectors: [ConfiguredConnector(name: "lines", type: "file-source", connector: .source(source))])
            for _ in 0..<unserved {
                var configuration = common
                configuration.connectors.append(
                    ConfiguredConnector(name: "more", type: "file-source", connector: .source(source)))
                let worker = ConnectWorker(configuration, logger: logger)
                groups.append(ServiceGroup(services: [worker], logger: logger))
            }
            for _ in 0..<count {
                var configuration = common
                let address = try await TestServer.freeAddress()
                configuration.serverAddress = address
                let worker = ConnectWorker(configuration, logger: logger)
                let server = MillraceServer(
                    worker: worker, configuration: .init(address: address, tokenFile: tokens), logger: logger)
                groups.append(ServiceGroup(services: [worker, server], logger: logger))
                processes.append(Process(address: address, token: Self.operating))
                _ = server
            }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for group in groups { tasks.addTask { try await group.run() } }
                try await eventually("the servers listen", within: .seconds(900)) {
                    for process in processes where (try? await process.get("/health/ready").status) != 200 {
                        return false
                    }
                    return true
                }
                do { try await body(processes) } catch {
                    for group in groups { await group.triggerGracefulShutdown() }
                    throw error
                }
                for group in groups { await group.triggerGracefulShutdown() }
                try await tasks.waitForAll()
            }
        }
    }
}

/// Compiled only: the example of the comment.
private func example(_ worker: ConnectWorker, _ address: InstanceAddress) -> MillraceServer {
    let server = MillraceServer(worker: worker, configuration: .init(address: address))
    return server
}
