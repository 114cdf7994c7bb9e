import EmbeddedBroker
import Foundation
import Millrace
import MillraceRuntime
import MillraceServer
import Testing

extension ServerTests {
    @Suite("The command's verbs against running instances")
    struct VerbStatusTests {
        static let reading = [
            ["status"], ["tasks"], ["stores"], ["query", "counts"], ["query", "counts", "k1"],
            ["changes", "counts", "--from", "earliest", "--max", "5"],
        ]
        static let operating = [["pause"], ["resume"], ["threads", "add"], ["threads", "remove"]]
        private static let readToken = "read-0123456789abcdef"
        private static let operateToken = "operate-0123456789abcdef"
        private static let bothToken = "both-0123456789abcdef"

        /// The files of tokens: the server's, and one for each caller.
        private final class TokenFiles {
            private let folder = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)")
            var server: String { folder.appending(path: "server").path() }

            init() throws {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try "read \(readToken)\noperate \(operateToken)\nread,operate \(bothToken)\n".write(
                    toFile: server, atomically: true, encoding: .utf8)
            }

            deinit { try? FileManager.default.removeItem(at: folder) }

            func file(_ token: String) throws -> String {
                let file = folder.appending(path: UUID().uuidString).path()
                try "\(token)\n".write(toFile: file, atomically: true, encoding: .utf8)
                return file
            }
        }

        /// Runs a verb that has to fail, for people and for programs. Returns the sentence.
        @discardableResult
        private func expect(
            _ status: Int32, _ code: String? = nil, of arguments: [String],
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws -> String {
            let name = Comment(rawValue: arguments.joined(separator: " "))
            let people = try await VerbProcess.run(arguments)
            #expect(people.status == status, name, sourceLocation: sourceLocation)
            #expect(people.output.isEmpty, name, sourceLocation: sourceLocation)
            #expect(people.errors.count == 1, "\(name): \(people.errors)", sourceLocation: sourceLocation)
            let programs = try await VerbProcess.run(arguments + ["--json"])
            #expect(programs.status == status, name, sourceLocation: sourceLocation)
            #expect(programs.output.isEmpty, name, sourceLocation: sourceLocation)
            #expect(programs.code != nil, "\(name): \(programs.errors)", sourceLocation: sourceLocation)
            if let code {
                #expect(programs.code == code, "\(name): \(programs.errors)", sourceLocation: sourceLocation)
            }
            return people.errors.first ?? ""
        }

        /// Runs a verb that has to succeed, for people and for programs.
        private func expectSuccess(
            _ arguments: [String], environment: [String: String] = [:],
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            for arguments in [arguments, arguments + ["--json"]] {
                let name = Comment(rawValue: arguments.joined(separator: " "))
                let outcome = try await VerbProcess.run(arguments, environment: environment)
                #expect(outcome.status == 0, "\(name): \(outcome.errors)", sourceLocation: sourceLocation)
                #expect(outcome.errors.isEmpty, "\(name): \(outcome.errors)", sourceLocation: sourceLocation)
                #expect(!outcome.output.isEmpty, name, sourceLocation: sourceLocation)
                if arguments.last == "--json" { _ = try outcome.objects }
            }
        }

        private func awaitCounts(_ server: TestServer, _ options: [String]) async throws {
            try await eventually("counts") {
                try await VerbProcess.run(["query", "counts", "k1"] + options).status == 0
            }
        }

        @Test("over TLS every verb does its work with a certificate and a token of its own, and none without")
        func certificates() async throws {
            let (files, strangers, tokens) = (try Certificates(), try Certificates(), try TokenFiles())
            let settings = MillraceServer.Configuration(tls: files.tls, tokenFile: tokens.server)
            try await withServers(settings: settings) { broker, servers in
                try broker.write((0..<10).map { "k\($0)" })
                let address = "https://\(servers[0].address)"
                let token = ["--token-file", try tokens.file(Self.bothToken)]
                let authority = ["--tls-authority", files.authority]
                let certificate = ["--client-certificate", files.certificate, "--client-key", files.key]
                let options = ["--server", address] + token + authority + certificate
                try await awaitCounts(servers[0], options)
                for verb in Self.reading + Self.operating { try await expectSuccess(verb + options) }
                try await expectSuccess(
                    ["status"],
                    environment: [
                        "MILLRACE_SERVER": address, "MILLRACE_TOKEN_FILE": token[1],
                        "MILLRACE_TLS_AUTHORITY": files.authority, "MILLRACE_CLIENT_CERTIFICATE": files.certificate,
                        "MILLRACE_CLIENT_KEY": files.key,
                    ])

                let secure = ["--server", address] + token
                let foreign = ["--client-certificate", strangers.certificate, "--client-key", strangers.key]
                for verb in Self.reading + Self.operating {
                    let none = try await expect(77, "tls", of: verb + secure + authority)
                    #expect(none.contains("--client-certificate"), "\(none)")
                }
                let other = try await expect(77, "tls", of: ["status"] + secure + authority + foreign)
                #expect(other.contains("--client-certificate"), "\(other)")
                let mixed = ["--client-certificate", files.certificate, "--client-key", strangers.key]
                let wrongKey = try await expect(64, "usage", of: ["status"] + secure + authority + mixed)
                #expect(wrongKey.contains(strangers.key), "\(wrongKey)")
                for given in [[], ["--tls-authority", strangers.authority]] {
                    let unknown = try await expect(77, "tls", of: ["status"] + secure + certificate + given)
                    #expect(unknown.contains("--tls-authority"), "\(unknown)")
                }
                let open = try await expect(
                    69, "connection_closed", of: ["status", "--server", servers[0].address.description] + token)
                #expect(open.contains(address), "\(open)")
                #expect(!servers[0].application.isPaused && servers[0].application.threads.count == 1)
            }
        }

        @Test("a token gives its rights and no others, and one that is unknown or missing gives none")
        func tokens() async throws {
            let tokens = try TokenFiles()
            try await withServers(settings: .init(tokenFile: tokens.server)) { broker, servers in
                try broker.write((0..<10).map { "k\($0)" })
                let server = ["--server", servers[0].address.description]
                let reader = server + ["--token-file", try tokens.file(Self.readToken)]
                let unknown = server + ["--token-file", try tokens.file("wrong-0123456789abcdef")]
                let operatorOnly = server + ["--token-file", try tokens.file(Self.operateToken)]
                try await awaitCounts(servers[0], reader)
                for verb in Self.reading {
                    try await expectSuccess(verb + reader)
                    try await expect(77, "token_missing", of: verb + server)
                    try await expect(77, "token_unknown", of: verb + unknown)
                    try await expect(77, "forbidden", of: verb + operatorOnly)
                }
                for verb in Self.operating {
                    try await expect(77, "token_missing", of: verb + server)
                    try await expect(77, "token_unknown", of: verb + unknown)
                    let refused = try await expect(77, "forbidden", of: verb + reader)
                    #expect(refused.contains("operate"), "\(refused)")
                }
                #expect(!servers[0].application.isPaused && servers[0].application.threads.count == 1)
                for verb in Self.operating { try await expectSuccess(verb + operatorOnly) }
                let overTLS = try await expect(
                    77, "tls", of: ["status", "--server", "https://\(servers[0].address)"])
                #expect(overTLS.contains("does not speak TLS"), "\(overTLS)")
            }
        }

        @Test("where no instance answers, every verb says so with a status of its own")
        func nobody() async throws {
            let address = try await TestServer.freeAddress()
            for verb in Self.reading + Self.operating {
                let sentence = try await expect(69, "unreachable", of: verb + ["--server", address.description])
                #expect(sentence.contains("\(address)"), "\(sentence)")
            }
            let nowhere = try await expect(69, "unreachable", of: ["status", "--server", "no-such-host.invalid:80"])
            #expect(
                nowhere == "no instance answers at no-such-host.invalid:80: the name of the host is not known; "
                    + "--server says which to ask")
            let silent = try await OtherServer("")
            try await expect(69, "silent", of: ["query", "s", "k", "--timeout", "0", "--server", silent.address])
            let other = try await OtherServer("SSH-2.0-OpenSSH_9.2\r\n")
            let sentence = try await expect(69, "answer", of: ["status", "--server", other.address])
            #expect(sentence == "\(other.address) is no instance: it does not speak HTTP")
            try await silent.stop()
            try await other.stop()
        }

        @Test("what is wrong, missing or refused for now has the status that the documentation names")
        func statuses() async throws {
            let tokens = try TokenFiles()
            var settings = MillraceServer.Configuration(tokenFile: tokens.server)
            settings.limits.maxChangeStreams = 1
            try await withServers(2, settings: settings) { broker, servers in
                try broker.write((0..<10).map { "k\($0)" })
                let token = ["--token-file", try tokens.file(Self.bothToken)]
                let options = ["--server", servers[0].address.description] + token
                try await awaitCounts(servers[0], options)
                for (verb, code) in [
                    (["query", "counts", "6", "--key-format", "hex"], "key_unreadable"),
                    (["query", "counts", "--page", "nonsense"], "page_invalid"),
                    (["query", "counts", "k1", "--at-least", "nonsense"], "parameter_invalid"),
                    (["changes", "counts", "--from", "nonsense"], "position_invalid"),
                    (["changes", "unlogged"], "no_changelog"),
                    (["pause", "--instance", "nonsense"], "parameter_invalid"),
                    (["threads", "remove"], "last_thread"),
                ] { try await expect(64, code, of: verb + options) }
                let changelog = "\(broker.application)-counts-changelog"
                for (verb, code) in [
                    (["query", "nothing"], "store_unknown"), (["query", "nothing", "k1"], "store_unknown"),
                    (["query", "counts", "nobody"], "key_unknown"), (["changes", "nothing"], "store_unknown"),
                    (["changes", "counts", "--from", "\(changelog)-0@100000"], "position_gone"),
                    (["pause", "--subtopology", "9"], "subtopology_unknown"),
                    (["resume", "--instance", "127.0.0.1:1"], "instance_unknown"),
                    (["threads", "remove", "--thread", "9"], "thread_unknown"),
                ] { try await expect(66, code, of: verb + options) }
                try await expect(66, "missing", of: ["status", "--token-file", "/nowhere"])
                try await expect(66, "missing", of: ["status", "--tls-authority", "/nowhere"])
                let beyond = (0..<TestBroker.partitionCount).map { "events-\($0)@1000000" }.joined(separator: ",")
                try await expect(
                    75, "position_not_reached",
                    of: ["query", "counts", "k1", "--at-least", beyond, "--timeout", "0.1"] + options)
                let first = try VerbProcess(["changes", "counts", "--from", "earliest"] + options)
                try await eventually("a change") { try !first.output.isEmpty }
                try await expect(75, "too_many_change_streams", of: ["changes", "counts"] + options)
                first.interrupt()
                #expect(try await first.end().output.count == 10)

                try await servers[1].stopServer()
                for verb in [["status"], ["tasks"], ["pause"], ["resume"]] {
                    let outcome = try await VerbProcess.run(verb + options + ["--json"])
                    #expect(outcome.status == 1, "\(verb)")
                    _ = try outcome.objects
                }
                try await expect(
                    75, "owner_unreachable", of: ["resume", "--instance", "\(servers[1].address)"] + options)
            }
        }

        @Test("explain names what it does not find, in the status too")
        func explain() async throws {
            let topics = ["risk-events:1", "risk-scores:1", "risk-alerts:1"].flatMap { ["--topic", $0] }
            let broker = try VerbProcess(["broker", "--port", "0", "--json", "--log-level", "error"] + topics)
            try await eventually("the address") { try broker.objects.first != nil }
            let address = try #require(try broker.objects.first?["address"] as? String)
            let program = ["explain", "risk-scores", "acct-1", "--application-id", "risk", "--bootstrap-servers"]
            let absent = try await VerbProcess.run(program + [address, "--json"])
            #expect(absent.status == 66 && absent.errors.isEmpty, "\(absent)")
            #expect(try absent.objects.map { $0["outcome"] as? String } == ["no_record"])
            try await expect(66, "topic_unknown", of: program + [address, "--topic", "nothing"])
            try await expect(64, "partition_unknown", of: program + [address, "--partition", "9"])
            try await expect(64, "usage", of: program + [address, "--from", "nonsense"])
            try await expect(64, "usage", of: ["status", "--server", "nonsense"])
            let nobody = try await TestServer.freeAddress().description
            try await expect(69, "unreachable", of: program + [nobody, "--connect-timeout-ms", "500"])
            broker.terminate()
            #expect(try await broker.end().status == 0)
        }

        @Test("changes go on from their place when the instance restarts, and each comes once")
        func restart() async throws {
            let broker = try await TestBroker()
            let keys = (0..<10).map { "k\($0)" }
            var server = try await TestServer(broker, number: 0)
            try await server.awaitsTasks(4)
            let options = ["--server", server.address.description, "--json", "--from"]
            let verb = try VerbProcess(["changes", "counts", "--max", "30"] + options + ["earliest"])
            let once = try VerbProcess(["changes", "counts", "--reconnect-timeout", "0"] + options + ["earliest"])
            try broker.write(keys)
            try await eventually("the first changes") { try verb.output.count == 10 && once.output.count == 10 }
            try await server.shutDown()
            let cut = try await once.end()
            #expect(cut.status == 75 && cut.code == "stopping", "\(cut)")
            let place = try #require(cut.errors.first?.firstMatch(of: #/--from ([^"]+)"/#)?.1)
            try broker.write(keys)
            server = try await TestServer(broker, number: 0, at: server.address)
            try await eventually("the changes of the next instance") { try verb.output.count == 20 }
            // This time nothing says why the stream ends.
            try await server.stop()
            server = try await TestServer(broker, number: 0, at: server.address)
            try broker.write(keys)
            let outcome = try await verb.end()
            let rest = try await VerbProcess.run(["changes", "counts", "--max", "20"] + options + [String(place)])
            try await server.stop()
            try await broker.broker.stop()
            #expect(outcome.status == 0 && outcome.errors.count == 2, "\(outcome.errors)")
            #expect(outcome.errors.allSatisfy { $0.hasPrefix("note: ") }, "\(outcome.errors)")
            #expect(rest.status == 0 && rest.errors.isEmpty, "\(rest.errors)")
            for objects in [try outcome.objects, try cut.objects + rest.objects] {
                let counts = Dictionary(grouping: objects) { $0["key"] as? String ?? "" }
                    .mapValues { $0.compactMap { $0["value"] as? Int } }
                #expect(counts.count == 10 && counts.values.allSatisfy { $0 == [1, 2, 3] }, "\(counts)")
            }
        }

        @Test("an instance that does not come back ends the changes after the time that was given, with their place")
        func noReturn() async throws {
            try await withServers { broker, servers in
                let verb = try VerbProcess(
                    [
                        "changes", "counts", "--from", "earliest", "--reconnect-timeout", "0.3", "--json", "--server",
                        servers[0].address.description,
                    ])
                try broker.write(["k"])
                try await eventually("a change") { try verb.output.count == 1 }
                try await servers[0].stopServer()
                let outcome = try await verb.end()
                #expect(outcome.status == 69 && outcome.errors.count == 2, "\(outcome)")
                #expect(outcome.errors.last?.contains("-changelog-") == true)
            }
        }
    }
}
