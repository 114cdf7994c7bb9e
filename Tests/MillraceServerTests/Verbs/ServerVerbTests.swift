import ArgumentParser
import Foundation
import Millrace
import MillraceCommandLine
import MillraceOperations
import Testing

@testable import MillraceServerVerbs

@Suite("The verbs that ask an instance") struct ServerVerbTests {
    private func connection(_ arguments: [String], _ environment: [String: String] = [:]) throws -> ServerConnection {
        try ServerConnectionOptions.parse(arguments).connection(environment: environment)
    }

    private func file(_ text: String) throws -> String {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("token-\(UUID().uuidString)")
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }

    @Test("the instance is named by the flag, the environment or the default, in this order")
    func addresses() throws {
        #expect(try connection([]).address.description == "127.0.0.1:8080")
        #expect(try connection([], ["MILLRACE_SERVER": "risk-1:81"]).address.description == "risk-1:81")
        #expect(try connection([], ["MILLRACE_SERVER": ""]).address.description == "127.0.0.1:8080")
        #expect(try connection(["--server", "[::1]:9"], ["MILLRACE_SERVER": "x:1"]).address.description == "[::1]:9")
        #expect(try connection(["--server", "http://a:80/"]).tls == nil)
        #expect(try connection(["--server", "https://a:80"]).tls != nil)
    }

    @Test(
        "what cannot be an instance's address or its credentials is refused",
        arguments: [
            ["--server", "8080"], ["--server", "ftp://a:1"], ["--server", "a:0"], ["--client-key", "k"],
            ["--server", "http://a:1", "--tls-authority", "f"], ["--client-certificate", "c"],
        ])
    func refused(arguments: [String]) { #expect(throws: ValidationError.self) { try connection(arguments) } }

    @Test("a token comes from a file, is one word, stays out of messages, and leaves the machine over TLS only")
    func tokens() throws {
        let token = try file("0123456789abcdef\n")
        #expect(try connection(["--token-file", token]).token == "0123456789abcdef")
        #expect(try connection(["--server", "https://a:1"], ["MILLRACE_TOKEN_FILE": token]).token != nil)
        let open = #expect(throws: ValidationError.self) {
            try connection(["--server", "risk-1:8080", "--token-file", token])
        }
        #expect(open?.message.contains("0123") == false)
        for text in ["", "read 0123456789abcdef", "0123\n4567", "ä"] {
            let error = #expect(throws: OperationError.self) { try connection(["--token-file", file(text)]) }
            #expect(error?.kind == .usage && error?.description.contains("0123") == false)
        }
        let missing = #expect(throws: OperationError.self) { try connection(["--token-file", "/nowhere"]) }
        #expect(missing?.kind == .missing)
    }

    @Test("options of ranges and of keys exclude each other")
    func queries() {
        for arguments in [
            ["s", "k", "--from", "a"], ["s", "k", "--limit", "1"], ["s", "--as-of", "1"], ["s", "--versions"],
            ["s", "--limit", "0"], ["s", "k", "--timeout", "31"],
        ] { #expect(throws: (any Error).self) { try QueryVerb.parse(arguments) } }
    }

    @Test("members of JSON keep their text, whatever is in it")
    func members() {
        let object = JSONMembers(
            #"{"key": "a,\"}b", "value": {"x": [1, {"y": ":"}], "n": 1.50}, "timestampMs": 12, "e": {}}"#)
        #expect(object?["key"] == #""a,\"}b""#)
        #expect(object?["value"] == #"{"x": [1, {"y": ":"}], "n": 1.50}"#)
        #expect(object?.integer("timestampMs") == 12)
        #expect(object?.object("value")?["n"] == "1.50")
        #expect(object?.object("e")?["n"] == nil)
        #expect(object?.text("key") == nil)
        #expect(JSONMembers("[1]") == nil && JSONMembers("{1}") == nil && JSONMembers("") == nil)
        #expect(JSONMembers.elements(of: #"[{"a": [1, 2]}, "x,y" , 3]"#) == [#"{"a": [1, 2]}"#, #""x,y""#, "3"])
        #expect(JSONMembers.elements(of: "[ ]").isEmpty)
    }

    @Test("events of several lines are read as one, comments are passed over")
    func events() {
        var stream = ServerSentEvents()
        let lines = ["event: change", "id: a-0@1", "data: {\"a\":", "data: 1}", "", ": ", "", "data: x\r", "\r"]
        let events = lines.compactMap { stream.take($0) }
        #expect(
            events == [
                .init(name: "change", id: "a-0@1", data: "{\"a\": 1}"), .init(name: "message", id: nil, data: "x"),
            ])
    }

    @Test("a status counts what all instances say, and shows those that say nothing")
    func status() throws {
        let text = #"""
            {"instances": [{"address": "a:1", "isHere": true, "state": "running", "lag": 3, "lagMs": 1250,
              "processedRecords": 7, "failedThreads": 1, "deadLetteredRecords": 2, "troubles": ["no broker"],
              "dropped": [{"node": "f", "reason": "processing", "count": 4}, {"node": "f", "reason": "expired", "count": 5}],
              "threads": [{"id": 0, "state": "running"}],
              "tasks": [{"id": "0_0", "isStandby": false, "thread": 0, "state": "running", "lag": 3, "lagMs": 1250,
                "processedRecords": 7, "restoredRecords": 0, "droppedRecords": 9,
                "stores": [{"name": "s", "currentOffset": 1, "endOffset": 3, "missingRecords": 2}]}]},
             {"address": "b:1", "isHere": false, "state": "unreachable", "error": {"code": "owner_silent", "message": "gone"}}]}
            """#
        let report = try JSONDecoder().decode(InstancesReport<InstanceWork>.self, from: Data(text.utf8))
        let summary = ApplicationSummary(id: "risk", instances: report.instances)
        let lines = summary.lines
        #expect(lines[0] == "risk: unreachable, 2 instances (1 unreachable), 1 of 1 thread running, 1 task")
        #expect(
            lines[1]
                == "lag 3 records, 1.2 s; restoring, 2 records missing; since the start 5 errors, 2 dead letters, 9 dropped"
        )
        #expect(lines.suffix(2) == ["a:1: no broker", "b:1: gone"])
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(summary.json.text.utf8)) as? [String: Any])
        #expect(json["errors"] as? Int == 5 && json["missingRecords"] as? Int == 2 && json["lagMs"] as? Int == 1250)
        #expect((json["instances"] as? [[String: Any]])?.last?["state"] as? String == "unreachable")
    }
}
