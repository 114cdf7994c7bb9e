import ArgumentParser
import Foundation
import Millrace
import MillraceRuntime
import MillraceServer
import MillraceServerVerbs
import NIOHTTP1
import Testing

extension ServerTests {
    @Suite("Pausing, resuming and resizing over HTTP")
    struct OperationTests {
        private static let reader = [("authorization", "Bearer read-0123456789abcdef")]
        private static let operating = [("authorization", "Bearer operate-0123456789abcdef")]

        private func withOperatedServers(
            _ count: Int, _ body: (TestBroker, [TestServer]) async throws -> Void
        ) async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            try "read read-0123456789abcdef\nread,operate operate-0123456789abcdef\n".write(
                to: file, atomically: true, encoding: .utf8)
            try await withServers(count, settings: .init(tokenFile: file.path), body)
        }

        private func post(_ server: TestServer, _ target: String) async throws -> Reply {
            try await server.send(.POST, target, Self.operating)
        }

        private func instances(_ reply: Reply) throws -> [[String: Any]] {
            try #require(try reply.json["instances"] as? [[String: Any]])
        }

        @Test("pause and resume act on all instances, whichever is asked, and the tasks show it")
        func allInstances() async throws {
            try await withOperatedServers(2) { broker, servers in
                let paused = try await post(servers[0], "/pause")
                #expect(paused.status == 200, "\(paused.text)")
                #expect(try paused.json["complete"] as? Bool == true)
                #expect(try instances(paused).map { $0["isHere"] as? Bool } == [true, false])
                #expect(try instances(paused).allSatisfy { $0["paused"] as? Bool == true })
                #expect(try instances(paused).allSatisfy { $0["pausedSubtopologies"] as? [Int] == [0] })
                #expect(servers.allSatisfy { $0.application.isPaused })
                try await eventually("all threads have taken notice") {
                    servers.allSatisfy { $0.application.metrics.byTask.values.allSatisfy(\.isPaused) }
                }
                try broker.write((0..<40).map { "key-\($0)" })
                try await eventually("the lag of all instances") {
                    servers.reduce(0) { $0 + $1.application.metrics.lag } == 40
                }
                for server in servers {
                    let tasks = try instances(try await server.get("/tasks", Self.reader))
                    #expect(tasks.count == 2 && tasks.allSatisfy { $0["paused"] as? Bool == true })
                    #expect(tasks.allSatisfy { $0["pausedSubtopologies"] as? [Int] == [0] })
                    let states = tasks.flatMap { $0["tasks"] as? [[String: Any]] ?? [] }.map { $0["state"] as? String }
                    #expect(states == Array(repeating: "paused", count: 4))
                }
                #expect(servers.allSatisfy { $0.application.metrics.processedRecords == 0 })
                let resumed = try await post(servers[1], "/resume?subtopology=0")
                #expect(resumed.status == 200, "\(resumed.text)")
                #expect(try instances(resumed).map { $0["paused"] as? Bool } == [false, false])
                try await eventually("all records are counted") {
                    servers.reduce(0) { $0 + $1.application.metrics.processedRecords } == 40
                }
            }
        }

        @Test("a named instance alone is paused, wherever the request goes; an unknown one is refused")
        func oneInstance() async throws {
            try await withOperatedServers(2) { _, servers in
                let reply = try await post(servers[0], "/pause?instance=\(servers[1].address)")
                #expect(reply.status == 200, "\(reply.text)")
                #expect(try instances(reply).count == 1)
                #expect(try instances(reply)[0]["address"] as? String == servers[1].address.description)
                #expect(servers.map { $0.application.isPaused } == [false, true])
                #expect(try await post(servers[1], "/resume?instance=\(servers[1].address)").status == 200)
                #expect(servers.allSatisfy { !$0.application.isPaused })
                for target in ["/pause?instance=127.0.0.1:1", "/threads/add?instance=example.org:80"] {
                    let refused = try await post(servers[0], target)
                    #expect(refused.status == 404 && refused.code == "instance_unknown", "\(refused.text)")
                }
                let unreadable = try await post(servers[0], "/pause?instance=nonsense")
                #expect(unreadable.status == 400 && unreadable.code == "parameter_invalid")
                let subtopology = try await post(servers[0], "/pause?subtopology=9")
                #expect(subtopology.status == 404 && subtopology.code == "subtopology_unknown")
                #expect(servers.allSatisfy { !$0.application.isPaused })
            }
        }

        @Test("if an instance cannot be reached, the whole answer says so, and names it")
        func unreachable() async throws {
            try await withOperatedServers(2) { _, servers in
                try await servers[1].stopServer()
                let reply = try await post(servers[0], "/pause")
                #expect(reply.status == 502 && reply.code == "instances_failed", "\(reply.text)")
                #expect(try reply.json["complete"] as? Bool == false)
                #expect(try (reply.json["message"] as? String)?.contains(servers[1].address.description) == true)
                let elements = try instances(reply)
                #expect(elements[0]["paused"] as? Bool == true)
                #expect((elements[1]["error"] as? [String: Any])?["code"] as? String == "owner_unreachable")
                let alone = try await post(servers[0], "/resume?instance=\(servers[1].address)")
                #expect(alone.status == 503 && alone.code == "owner_unreachable", "\(alone.text)")
            }
        }

        @Test("threads are added and removed on the instance that is asked, or on a named one; the last one stays")
        func threads() async throws {
            try await withOperatedServers(2) { _, servers in
                let added = try await post(servers[0], "/threads/add")
                #expect(added.status == 200, "\(added.text)")
                #expect(try instances(added)[0]["thread"] as? Int == 1)
                #expect(try instances(added)[0]["threads"] as? [Int] == [0, 1])
                let elsewhere = try await post(servers[0], "/threads/add?instance=\(servers[1].address)")
                #expect(try instances(elsewhere)[0]["threads"] as? [Int] == [0, 1], "\(elsewhere.text)")
                try await eventually("a task for each thread") {
                    servers.allSatisfy { server in
                        server.application.state == .running
                            && server.application.threads.map(\.tasks.count) == [1, 1]
                    }
                }
                let removed = try await post(servers[0], "/threads/remove?thread=0&instance=\(servers[1].address)")
                #expect(try instances(removed)[0]["thread"] as? Int == 0, "\(removed.text)")
                #expect(servers[1].application.threads.map(\.id) == [1])
                let unknown = try await post(servers[1], "/threads/remove?thread=5")
                #expect(unknown.status == 404 && unknown.code == "thread_unknown")
                let last = try await post(servers[0], "/threads/remove?instance=\(servers[1].address)")
                #expect(last.status == 409 && last.code == "last_thread", "\(last.text)")
                #expect(try await post(servers[0], "/threads/remove").status == 200)
                #expect(servers[0].application.threads.map(\.id) == [0])
            }
        }

        @Test("the verbs pause, resume, add and remove, as the endpoints do")
        func verbs() async throws {
            let token = FileManager.default.temporaryDirectory.appendingPathComponent("token-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: token) }
            try "operate-0123456789abcdef\n".write(to: token, atomically: true, encoding: .utf8)
            try await withOperatedServers(2) { _, servers in
                let options = ["--server", servers[0].address.description, "--token-file", token.path]
                func run(_ verb: [String]) async throws {
                    var command = try VerbProgram.parseAsRoot(verb + options)
                    if var command = command as? any AsyncParsableCommand {
                        try await command.run()
                    } else {
                        try command.run()
                    }
                }
                try await run(["pause", "--subtopology", "0"])
                #expect(servers.allSatisfy { $0.application.isPaused })
                try await run(["resume", "--instance", servers[1].address.description, "--json"])
                #expect(servers.map { $0.application.isPaused } == [true, false])
                try await run(["threads", "add", "--instance", servers[1].address.description])
                #expect(servers.map { $0.application.threads.count } == [1, 2])
                try await run(["threads", "remove", "--instance", servers[1].address.description, "--thread", "0"])
                #expect(servers[1].application.threads.map(\.id) == [1])
                // The last thread, an unknown sub-topology, an instance that cannot be reached.
                await #expect(throws: ExitCode(64)) { try await run(["threads", "remove"]) }
                await #expect(throws: ExitCode(66)) { try await run(["pause", "--subtopology", "7"]) }
                try await servers[1].stopServer()
                await #expect(throws: ExitCode(1)) { try await run(["pause"]) }
                #expect(servers[0].application.isPaused)
            }
        }

        @Test(
            "nobody operates without a token that gives the right, and nothing changes",
            arguments: ["/pause", "/resume", "/threads/add", "/threads/remove"])
        func permissions(target: String) async throws {
            let open = try await RefusalServer.shared.server
            let refused = try await open.send(.POST, target)
            #expect(refused.status == 403 && refused.code == "forbidden")
            #expect(refused.text.contains("--tokens"))
            #expect(!open.application.isPaused && open.application.threads.count == 1)
            #expect(try await open.get(target).status == 405)
        }

        @Test("a token that only reads does not operate, and neither does a request without one")
        func tokens() async throws {
            try await withOperatedServers(1) { _, servers in
                for target in ["/pause", "/threads/add"] {
                    let reading = try await servers[0].send(.POST, target, Self.reader)
                    #expect(reading.status == 403 && reading.code == "forbidden")
                    let nobody = try await servers[0].send(.POST, target)
                    #expect(nobody.status == 401 && nobody.code == "token_missing")
                }
                #expect(!servers[0].application.isPaused && servers[0].application.threads.count == 1)
            }
        }
    }
}

/// A program that has the verbs.
private struct VerbProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "program", subcommands: ServerVerbs.all)
}
