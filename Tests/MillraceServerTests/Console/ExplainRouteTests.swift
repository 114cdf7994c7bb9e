import ArgumentParser
import EmbeddedBroker
import Foundation
import Millrace
import MillraceCommandLine
import MillraceOperations
import MillraceRuntime
import MillraceServer
import NIOHTTP1
import Testing

@testable import MillraceServerVerbs

extension ServerTests {
    @Suite("Explanations over HTTP")
    struct ExplainRouteTests {
        private func committed(_ count: Int, _ broker: TestBroker) async throws {
            let connection = ClusterConnection(Self.configuration(broker))
            try await eventually("\(count) committed records") {
                let lags = try? Lag(connection).measure(group: broker.application)
                return lags?.reduce(0) { $0 + ($1.committed ?? 0) } ?? 0 >= Int64(count)
            }
        }

        private static func configuration(_ broker: TestBroker) -> StreamsConfiguration {
            StreamsConfiguration(
                applicationID: broker.application, bootstrapServers: [broker.broker.bootstrapServers],
                stateDirectory: broker.directory.appendingPathComponent("explain").path)
        }

        @Test("any instance says the same of a key, and it is what explain --json prints")
        func explained() async throws {
            try await withServers(2) { broker, servers in
                try broker.write([
                    (key: "a", value: "1", timestampMs: 1_000), (key: "b", value: "x", timestampMs: 2_000),
                    (key: "a", value: "2", timestampMs: 3_000),
                ])
                try await eventually("all records are counted") {
                    servers.reduce(0) { $0 + $1.application.metrics.processedRecords } == 3
                }
                try await committed(3, broker)
                // Tasks may still move between the instances.
                var replies: [Reply] = []
                try await eventually("the same from all, with an owner that has the task") {
                    replies = [
                        try await servers[0].get("/explain?key=a"), try await servers[1].get("/explain?key=a"),
                        try await servers[0].get(
                            "/explain?key=61&key-format=hex&topic=\(TestBroker.input)&timeout=20"),
                    ]
                    var explanation = try Explain(TestServer.topology(), Self.configuration(broker)).run(key: "a")
                    let owners = try AskedOwners.parse([])
                    explanation.take(await owners.pauses(on: explanation.owners))
                    let texts = Set(replies.map(\.text) + [explanation.json.text])
                    let holder = servers.first { $0.address.description == explanation.owner }
                    return texts.count == 1
                        && holder?.application.threads.flatMap(\.tasks).contains(explanation.task) ?? false
                }
                #expect(replies.allSatisfy { $0.status == 200 })
                let json = try replies[0].json
                #expect(json["outcome"] as? String == "stored" && json["paused"] as? Bool == false)
                #expect(json["behind"] is NSNull && (json["notes"] as? [String]) == [])
                let partition = try #require(json["partition"] as? Int)
                #expect(json["topic"] as? String == TestBroker.input && json["task"] as? String == "0_\(partition)")
                let processed = try #require(json["processed"] as? [String: Any])
                #expect(processed["value"] as? String == "2" && processed["timestampMs"] as? Int == 3_000)
                let changes = try #require(json["changes"] as? [[String: Any]])
                let counts = changes.filter { $0["store"] as? String == "counts" }
                #expect(counts.count == 1 && counts[0]["value"] as? Int == 2 && counts[0]["key"] as? String == "a")
                let absent = try await servers[0].get("/explain?key=nobody")
                #expect(try absent.status == 200 && absent.json["outcome"] as? String == "no_record")
            }
        }

        private static let operating = [("authorization", "Bearer operate-0123456789abcdef")]

        @Test("a pause is said by whichever instance is asked, by the verb too; a silent owner is a note")
        func paused() async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
            let token = FileManager.default.temporaryDirectory.appendingPathComponent("token-\(UUID().uuidString)")
            defer { for file in [file, token] { try? FileManager.default.removeItem(at: file) } }
            try "operate operate-0123456789abcdef\nread,operate both-0123456789abcdef\n".write(
                to: file, atomically: true, encoding: .utf8)
            try "both-0123456789abcdef".write(to: token, atomically: true, encoding: .utf8)
            let reading = [("authorization", "Bearer both-0123456789abcdef")]
            try await withServers(2, settings: .init(tokenFile: file.path)) { broker, servers in
                #expect(try await servers[0].get("/explain?key=a").status == 401)
                #expect(try await servers[0].get("/explain?key=a", Self.operating).code == "forbidden")
                #expect(try await servers[0].send(.POST, "/pause", reading).status == 200)
                try await eventually("all threads have taken notice") {
                    servers.allSatisfy { $0.application.metrics.byTask.values.allSatisfy(\.isPaused) }
                }
                try broker.write(["a"])
                var owners: Set<String> = []
                for server in servers {
                    let reply = try await server.get("/explain?key=a", reading)
                    #expect(reply.status == 200, "\(reply.text)")
                    let json = try reply.json
                    #expect(json["outcome"] as? String == "paused" && json["paused"] as? Bool == true)
                    let owner = try #require(json["owner"] as? String)
                    owners.insert(owner)
                    let summary = try #require(json["summary"] as? String)
                    #expect(summary.hasPrefix("the record at offset 0 is not processed yet; 1 record of events-"))
                    #expect(summary.hasSuffix("; sub-topology 0 is paused on \(owner)"))
                }
                let owner = try #require(owners.first)
                #expect(owners.count == 1)
                let asked = try AskedOwners.parse(["--token-file", token.path])
                #expect(await asked.pauses(on: owners) == [owner: .paused([0])])
                let through = servers.first { $0.address.description != owner }
                let other = try #require(through)
                let detour = try AskedOwners.parse(["--token-file", token.path, "--server", "\(other.address)"])
                #expect(await detour.pauses(on: owners) == [owner: .paused([0])])
                #expect(
                    await detour.pauses(on: ["c:1"])
                        == ["c:1": .unknown("\(other.address) does not know the instance")])
                guard case .unknown(let refused)? = await (try AskedOwners.parse([])).pauses(on: owners)[owner] else {
                    throw Missing(what: "a refusal")
                }
                #expect(refused == "the request has no bearer token")
                // A server without a command's HTTP knows nothing.
                guard case .unknown? = await UnknownOwners().pauses(on: owners)[owner] else {
                    throw Missing(what: "an answer of a command without a server")
                }
                try await servers.first { $0.address.description == owner }?.stopServer()
                let silent = try await other.get("/explain?key=a", reading).json
                #expect(silent["outcome"] as? String == "unprocessed" && silent["paused"] is NSNull)
                #expect(
                    (silent["notes"] as? [String])?.first?.hasSuffix(
                        "is paused on \(owner) cannot be known: the instance at \(owner) cannot be reached") == true)
            }
        }

        @Test(
            "what is wrong with a request is said",
            arguments: [
                ("", 400, "parameter_missing"), ("?topic=events", 400, "parameter_missing"),
                ("?key=a&key=b", 400, "parameter_twice"), ("?key=a&from=yesterday", 400, "parameter_invalid"),
                ("?key=a&partition=-1", 400, "parameter_invalid"), ("?key=a&partition=4", 400, "partition_unknown"),
                ("?key=a&topic=nothing", 404, "topic_unknown"), ("?key=a&limit=1", 400, "parameter_unknown"),
                ("?key=a&timeout=0.5", 400, "parameter_invalid"), ("?key=6&key-format=hex", 400, "key_unreadable"),
                ("?key=%ff", 400, "parameter_invalid"),
            ])
        func refused(query: String, status: Int, code: String) async throws {
            let reply = try await RefusalServer.shared.server.get("/explain\(query)")
            #expect(reply.status == status && reply.code == code, "\(reply.text)")
        }

        @Test("an explanation that takes too long is given up, and says so")
        func timeout() async throws {
            var settings = MillraceServer.Configuration()
            settings.limits.maxTimeout = .microseconds(1)
            try await withServers(settings: settings) { _, servers in
                let reply = try await servers[0].get("/explain?key=a&timeout=30")
                #expect(reply.status == 504 && reply.code == "timeout", "\(reply.text)")
            }
        }

        @Test("as many explanations as the limit are made at once, of as many records")
        func limits() async throws {
            var settings = MillraceServer.Configuration()
            settings.limits.maxExplanations = 1
            settings.limits.maxExplanationRecords = 5
            try await withServers(settings: settings) { broker, servers in
                try broker.write((0..<20).map { (key: "a", value: "\($0)", timestampMs: Int64($0)) })
                try await eventually("all records are counted") {
                    servers[0].application.metrics.processedRecords == 20
                }
                try await committed(20, broker)
                let cut = try await servers[0].get("/explain?key=a").json
                #expect(cut["skippedRecords"] as? Int == 15)
                let counts = (cut["changes"] as? [[String: Any]])?.filter { $0["store"] as? String == "counts" }
                #expect(counts?.map { $0["value"] as? Int } == [5])
                let statuses = try await withThrowingTaskGroup(of: Reply.self) { group in
                    for _ in 0..<8 { group.addTask { try await servers[0].get("/explain?key=a") } }
                    var replies: [Reply] = []
                    for try await reply in group { replies.append(reply) }
                    return replies
                }
                #expect(statuses.contains { $0.status == 200 })
                let refused = statuses.filter { $0.status != 200 }
                #expect(
                    !refused.isEmpty && refused.allSatisfy { $0.status == 429 && $0.code == "too_many_explanations" })
                #expect(try await servers[0].get("/explain?key=a").status == 200)
            }
        }
    }
}
