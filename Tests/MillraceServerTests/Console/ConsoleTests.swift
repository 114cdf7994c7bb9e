import Foundation
import Millrace
import MillraceRuntime
import MillraceServer
import NIOHTTP1
import Testing

extension ServerTests {
    @Suite("The console and what it asks for")
    struct ConsoleTests {
        @Test("the page and each file that it names are served, and may load and run nothing else")
        func files() async throws {
            let server = try await RefusalServer.shared.server
            let page = try await server.get("/")
            #expect(page.status == 200)
            #expect(page.headers.first(name: "content-type") == "text/html; charset=utf-8")
            let policy = try #require(page.headers.first(name: "content-security-policy"))
            #expect(policy.contains("default-src 'none'"))
            #expect(policy.contains("script-src 'self'"))
            #expect(!policy.contains("unsafe"))
            var waiting = Self.paths(in: page.text)
            var seen: Set<String> = []
            while let path = waiting.popLast() {
                guard seen.insert(path).inserted else { continue }
                let file = try await server.get(path)
                #expect(file.status == 200, "\(path)")
                #expect(file.headers.first(name: "x-content-type-options") == "nosniff", "\(path)")
                waiting += Self.paths(in: file.text)
            }
            #expect(seen.contains("/console/topology.js"))
            #expect(seen.contains("/console/console.css"))
        }

        /// The paths that a file names as attributes or imports.
        private static func paths(in text: String) -> [String] {
            let attributes = text.matches(of: /(?:href|src)="(\/console\/[a-z.]+)"/).map { String($0.1) }
            return attributes + text.matches(of: /from "\.\/([a-z.]+)"/).map { "/console/\($0.1)" }
        }

        @Test(
            "the graph has the topology's nodes, its stores with their changelogs, and topics by their names on the broker"
        )
        func graph() async throws {
            let server = try await RefusalServer.shared.server
            let graph = try await server.get("/topology").json
            let application = server.application.configuration.applicationID
            #expect(graph["applicationId"] as? String == application)
            let subtopologies = try #require(graph["subtopologies"] as? [[String: Any]])
            let nodes = subtopologies.flatMap { $0["nodes"] as? [[String: Any]] ?? [] }
            let text = server.application.topology.describe()
            #expect(!nodes.isEmpty)
            for node in nodes {
                let name = try #require(node["name"] as? String)
                #expect(text.contains(": \(name) ("), "\(name)")
                for successor in try #require(node["successors"] as? [String]) {
                    #expect(nodes.contains { $0["name"] as? String == successor }, "\(successor)")
                }
            }
            let sources = nodes.filter { $0["kind"] as? String == "source" }
            let topics = sources.flatMap { $0["topics"] as? [[String: Any]] ?? [] }
            #expect(topics.contains { $0["name"] as? String == TestBroker.input && $0["isInternal"] as? Bool == false })
            let stores = subtopologies.flatMap { $0["stores"] as? [[String: Any]] ?? [] }
            let counts = try #require(stores.first { $0["name"] as? String == "counts" })
            #expect(counts["changelog"] as? String == "\(application)-counts-changelog")
            #expect(counts["kind"] as? String == "timestamped-key-value")
            let unlogged = try #require(stores.first { $0["name"] as? String == "unlogged" })
            #expect(unlogged["changelog"] == nil)
        }

        @Test("any instance shows the tasks of all, each once, with its thread, its counts and its stores")
        func tasks() async throws {
            try await withServers(2) { broker, servers in
                try broker.write((0..<40).map { "key-\($0)" })
                try await eventually("all records are counted") {
                    servers.reduce(0) { $0 + $1.application.metrics.processedRecords } == 40
                }
                // Lags are looked at from time to time.
                try await eventually("all lags are known to be 0") {
                    let instances = try #require(
                        try await servers[0].get("/tasks").json["instances"] as? [[String: Any]])
                    let tasks = instances.flatMap { $0["tasks"] as? [[String: Any]] ?? [] }
                    return tasks.count == 4 && tasks.allSatisfy { $0["lag"] as? Int == 0 && $0["lagMs"] as? Int == 0 }
                        && Self.records(ofNode: Self.source, in: tasks) == 40
                }
                for server in servers {
                    let instances = try #require(try await server.get("/tasks").json["instances"] as? [[String: Any]])
                    #expect(instances.count == 2)
                    #expect(instances.map { $0["isHere"] as? Bool } == [true, false])
                    #expect(instances[0]["address"] as? String == server.address.description)
                    #expect(
                        Set(instances.compactMap { $0["address"] as? String })
                            == Set(servers.map(\.address.description)))
                    let tasks = instances.flatMap { $0["tasks"] as? [[String: Any]] ?? [] }
                    #expect(tasks.compactMap { $0["id"] as? String }.sorted() == ["0_0", "0_1", "0_2", "0_3"])
                    #expect(tasks.allSatisfy { $0["state"] as? String == "running" && $0["thread"] as? Int == 0 })
                    #expect(tasks.reduce(0) { $0 + ($1["processedRecords"] as? Int ?? 0) } == 40)
                    #expect(instances.reduce(0) { $0 + ($1["processedRecords"] as? Int ?? 0) } == 40)
                }
            }
        }

        private static let source = "KSTREAM-SOURCE-0000000000"

        /// The number of records that a node of some tasks has got; `nil` if a task does not have the node.
        private static func records(ofNode name: String, in tasks: [[String: Any]]) -> Int? {
            let counts = tasks.map { task in
                ((task["nodes"] as? [String: Any])?[name] as? [String: Any])?["records"] as? Int
            }
            return counts.contains(nil) ? nil : counts.reduce(0) { $0 + ($1 ?? 0) }
        }

        @Test("a request that another instance has passed on is answered for this instance alone")
        func forwarded() async throws {
            try await withServers(2) { _, servers in
                let reply = try await servers[0].get("/tasks", [("millrace-forwarded", "1")])
                let instances = try #require(try reply.json["instances"] as? [[String: Any]])
                #expect(instances.count == 1)
                #expect(instances[0]["isHere"] as? Bool == false)
            }
        }

        @Test("an instance that does not answer is shown with an error, and the others are shown all the same")
        func lostInstance() async throws {
            try await withServers(2) { _, servers in
                // The application goes on, and so the others know its address; only its server has ended.
                try await servers[1].stopServer()
                let instances = try #require(try await servers[0].get("/tasks").json["instances"] as? [[String: Any]])
                #expect(instances.map { $0["state"] as? String } == ["running", "unreachable"])
                let error = try #require(instances[1]["error"] as? [String: Any])
                #expect(error["code"] as? String == "owner_unreachable")
            }
        }

        @Test("settings are shown with their values and what gave them, but no secrets")
        func settings() async throws {
            var settings = MillraceServer.Configuration()
            var application = StreamsConfiguration(
                applicationID: "risk", bootstrapServers: ["localhost:9092"], stateDirectory: "/tmp/risk")
            application.threads = 3
            let names = [
                "sasl.password", "ssl.key.password", "ssl.keystore.password", "sasl.oauthbearer.client.secret",
                "sasl.oauthbearer.config", "ssl.key.pem",
            ]
            for name in names { application.clientSettings.common[name] = "geheim" }
            application.clientSettings.consumer["client.rack"] = "rack-7"
            settings.settings = application.settingDescriptions
            try await withServers(settings: settings) { _, servers in
                let reply = try await servers[0].get("/configuration")
                #expect(!reply.text.contains("geheim"))
                let shown = try #require(try reply.json["settings"] as? [[String: Any]])
                let byName = Dictionary(
                    shown.map { ($0["name"] as? String ?? "", $0) }, uniquingKeysWith: { first, _ in first })
                #expect(byName["threads"]?["value"] as? String == "3")
                #expect(byName["threads"]?["source"] as? String == "code")
                #expect(byName["threads"]?["default"] as? String == "1")
                #expect(byName["standby-replicas"]?["source"] as? String == "default")
                #expect(byName["consumer.client.rack"]?["value"] as? String == "rack-7")
                for name in names {
                    #expect(byName["kafka.\(name)"]?["isHidden"] as? Bool == true, "\(name)")
                    #expect(byName["kafka.\(name)"]?["value"] == nil, "\(name)")
                }
            }
        }

        @Test("reading any of it needs the right to read where there are tokens; the page alone does not")
        func permissions() async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            try "operate 0123456789abcdef\nread fedcba9876543210\n".write(to: file, atomically: true, encoding: .utf8)
            var settings = MillraceServer.Configuration()
            settings.tokenFile = file.path
            try await withServers(settings: settings) { _, servers in
                #expect(try await servers[0].get("/").status == 200)
                for path in ["/topology", "/tasks", "/errors", "/configuration"] {
                    #expect(try await servers[0].get(path).status == 401, "\(path)")
                    let operating = try await servers[0].get(path, [("authorization", "Bearer 0123456789abcdef")])
                    #expect(operating.status == 403, "\(path)")
                    let reading = try await servers[0].get(path, [("authorization", "Bearer fedcba9876543210")])
                    #expect(reading.status == 200, "\(path)")
                }
            }
        }
    }
}
