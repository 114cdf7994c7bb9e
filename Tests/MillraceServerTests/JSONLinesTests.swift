import Foundation
import Millrace
import Testing

extension ServerTests {
    @Suite("The command's output for programs")
    struct JSONLinesTests {
        @Test("every verb has --json, and every option its help")
        func everyVerb() async throws {
            let dump = try await VerbProcess.run(["--experimental-dump-help"])
            let root = try #require(
                try JSONSerialization.jsonObject(with: Data(dump.output.joined(separator: "\n").utf8))
                    as? [String: Any])
            let verbs = Self.leaves(try #require(root["command"] as? [String: Any]), [])
            #expect(verbs.count >= 22)
            for (name, arguments) in verbs where name != "help" && name != "bench" {
                let names = arguments.flatMap { $0["names"] as? [[String: Any]] ?? [] }
                    .compactMap { $0["name"] as? String }
                #expect(names.contains("json"), "\(name)")
                for argument in arguments {
                    #expect(argument["abstract"] != nil, "\(name) \(argument["valueName"] ?? "")")
                }
            }
        }

        /// Returns the verbs without subcommands, with their arguments.
        private static func leaves(_ command: [String: Any], _ path: [String]) -> [(String, [[String: Any]])] {
            let children = command["subcommands"] as? [[String: Any]] ?? []
            let arguments = command["arguments"] as? [[String: Any]] ?? []
            if children.isEmpty { return [(path.joined(separator: " "), arguments)] }
            return children.flatMap { leaves($0, path + [$0["commandName"] as? String ?? ""]) }
        }

        @Test("connectors report their states as lines of JSON, and nothing else on standard output")
        func connectors() async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "connect-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            try "one\n".write(to: folder.appending(path: "lines"), atomically: true, encoding: .utf8)
            let broker = try VerbProcess(["broker", "--port", "0", "--json", "--topic", "lines:1"])
            try await eventually("the address") { try broker.objects.first != nil }
            let address = try #require(try broker.objects.first?["address"] as? String)
            let file = folder.appending(path: "connect.json")
            let settings = """
                {
                    "name": "lines", "bootstrapServers": ["\(address)"], "server": {"listen": "127.0.0.1:0"},
                    "connectors": {
                        "lines": {"type": "file-source", "path": "\(folder.path())/lines", "topic": "lines"}
                    }
                }
                """
            try settings.write(to: file, atomically: true, encoding: .utf8)
            let checked = try await VerbProcess.run(["connect", file.path(), "--check", "--json"])
            #expect(try checked.status == 0 && checked.objects.first?["connectors"] as? Int == 1, "\(checked)")
            let process = try VerbProcess(["connect", file.path(), "--json", "--log-level", "error"])
            try await eventually("a running task and the server's address") {
                let objects = try process.objects
                return objects.contains { $0["event"] as? String == "task" && $0["state"] as? String == "RUNNING" }
                    && objects.contains { $0["event"] as? String == "listening" }
            }
            process.terminate()
            let outcome = try await process.end()
            #expect(try outcome.status == 0 && outcome.objects.allSatisfy { $0["event"] is String }, "\(outcome)")
            broker.terminate()
            _ = try await broker.end()
        }

        @Test("a broker and an instance report their events as lines of JSON, and nothing else on standard output")
        func events() async throws {
            let state = FileManager.default.temporaryDirectory.appending(path: "run-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: state) }
            let topics = ["risk-events:1", "risk-scores:1", "risk-alerts:1"].flatMap { ["--topic", $0] }
            let broker = try VerbProcess(["broker", "--port", "0", "--json"] + topics)
            try await eventually("the address") { try broker.objects.first != nil }
            let address = try #require(try broker.objects.first?["address"] as? String)
            let instance = try VerbProcess(
                [
                    "run", "risk-scores", "--json", "--bootstrap-servers", address, "--application-id", "risk",
                    "--state-dir", state.path(),
                ])
            try await eventually("a running instance") { try instance.states.contains("running") }
            let served = try VerbProcess(
                [
                    "run", "--json", "--bootstrap-servers", address, "--application-id", "other", "--state-dir",
                    state.appending(path: "other").path(), "--listen", "127.0.0.1:0",
                ], of: VerbProcess.program("risk-scores"))
            try await eventually("the address of the server") {
                try served.objects.contains { $0["event"] as? String == "listening" }
            }
            let listening = try served.objects.first { $0["event"] as? String == "listening" }
            let server = try #require(listening?["address"] as? String)
            try await eventually("a running instance") { try served.states.contains("running") }
            let status = try await VerbProcess.run(["status", "--server", server, "--json"])
            let instances = try status.objects.first?["instances"] as? [[String: Any]]
            #expect(instances?.map { $0["address"] as? String } == [server], "\(status)")
            for process in [instance, served] {
                process.terminate()
                let outcome = try await process.end()
                #expect(outcome.status == 0)
                let states = try outcome.objects.compactMap { $0["state"] as? String }
                #expect(states.first == "created" && states.last == "notRunning", "\(states)")
                #expect(try outcome.objects.allSatisfy { $0["event"] is String })
            }
            broker.terminate()
            let outcome = try await broker.end()
            #expect(outcome.status == 0)
            #expect(try outcome.objects.map { $0["event"] as? String } == ["listening", "stopping", "stopped"])
        }

        @Test("a failed start is one line of JSON on standard error, with the status of any other failure")
        func failures() async throws {
            let taken = try VerbProcess(["broker", "--port", "0", "--json"])
            try await eventually("the address") { try taken.objects.first != nil }
            let address = try #require(try taken.objects.first?["address"] as? String)
            let port = try #require(address.split(separator: ":").last)
            let second = try await VerbProcess.run(["broker", "--port", String(port), "--json"])
            #expect(second.status == 1 && second.output.isEmpty && second.code == "failed", "\(second)")
            taken.terminate()
            _ = try await taken.end()
            let state = FileManager.default.temporaryDirectory.appending(path: "run-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: state) }
            let options = ["--application-id", "a", "--json", "--state-dir", state.path(), "--log-level", "critical"]
            let alone = try await VerbProcess.run(
                ["run", "risk-scores", "--bootstrap-servers", address, "--connect-timeout-ms", "500"] + options)
            #expect(alone.status == 1 && alone.code == "unreachable", "\(alone)")
            #expect(try alone.objects.allSatisfy { $0["event"] as? String == "state" })
            let wrong = try await VerbProcess.run(
                ["run", "risk-scores", "--bootstrap-servers", address, "--threads", "none"] + options)
            #expect(wrong.status == 64 && wrong.output.isEmpty && wrong.code == "usage", "\(wrong)")
        }

        @Test("a simulation prints a line for its result, and one for the account of a seed")
        func simulation() async throws {
            let many = try await VerbProcess.run(["simulate", "--seeds", "20", "--json"])
            #expect(many.status == 0 && many.errors.isEmpty, "\(many.errors)")
            #expect(try many.objects.map { $0["event"] as? String } == ["result"])
            #expect(try many.objects.first?["passed"] as? Int == 20)
            let one = try await VerbProcess.run(["simulate", "--seed", "7", "--scenario", "risk", "--json"])
            let account = try #require(try one.objects.first)
            #expect(account["seed"] as? String == "7" && account["passed"] as? Bool == true)
            #expect((account["trace"] as? [String])?.isEmpty == false)
            for wrong in [["--seeds", "-1"], ["--seeds-of-each", "-1"], ["--scenario", "nothing"]] {
                let outcome = try await VerbProcess.run(["simulate"] + wrong + ["--json"])
                #expect(outcome.status == 64 && outcome.output.isEmpty, "\(wrong)")
            }
            let last = ["--first", "\(UInt64.max)", "--scenario", "risk", "--seeds", "3"]
            #expect(try await VerbProcess.run(["simulate", "--json"] + last).objects.last?["passed"] as? Int == 3)
        }

        @Test("a terminal shows a wait of more than two seconds until its end; a pipe and --json do not")
        func progress() async throws {
            let silent = try await OtherServer("")
            // It waits for five seconds.
            let wait = ["query", "s", "k", "--timeout", "0", "--server", silent.address]
            func terminal(_ arguments: [String], columns: Int) async throws -> String {
                let command = ([VerbProcess.program("millrace").path()] + arguments).joined(separator: " ")
                let outcome = try await VerbProcess.run(
                    ["-qefc", "stty cols \(columns) rows 30; \(command)", "/dev/null"],
                    of: URL(filePath: "/usr/bin/script"), environment: ["TERM": "xterm", "LC_ALL": "C.UTF-8"])
                #expect(outcome.status == 69)
                return outcome.output.joined(separator: "\n")
            }
            for columns in [80, 24] {
                let shown = try await terminal(wait, columns: columns)
                let frames = shown.split(separator: "\r\u{1B}[K", omittingEmptySubsequences: false)
                #expect(frames.count > 5 && frames[0].isEmpty, "\(shown)")
                for frame in frames.dropFirst().dropLast() {
                    #expect(frame.hasPrefix("waiting for") && frame.hasSuffix(" s") && frame.count < columns)
                }
                #expect(frames.last?.hasPrefix("\(silent.address) does not answer in time") == true, "\(shown)")
            }
            #expect(try await !terminal(wait + ["--json"], columns: 80).contains("\u{1B}"))
            #expect(try await VerbProcess.run(wait).errors.count == 1)
            try await silent.stop()
        }
    }
}

extension VerbProcess {
    /// The objects of standard output so far.
    var objects: [[String: Any]] { get throws { try VerbOutcome(status: 0, output: output, errors: []).objects } }
    var states: [String] { get throws { try objects.compactMap { $0["state"] as? String } } }
}
