import Foundation
import Millrace
import MillraceConnect
import MillraceConnectRuntime
import Testing

@Suite("The configuration file of connectors")
struct ConnectConfigurationTests {
    private func read(_ json: String) throws -> ConnectConfiguration {
        let document = try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
        return try ConnectConfiguration(document, file: "connect.json", kinds: [.fileSource, .fileSink])
    }

    private static let source = #""a": {"type": "file-source", "path": "/in", "topic": "lines"}"#

    private func file(_ connectors: String, _ others: String = "") -> String {
        #"{"name": "bank", "bootstrapServers": "localhost:9092"\#(others), "connectors": {\#(connectors)}}"#
    }

    @Test("everything is read")
    func whole() throws {
        let configuration = try read(
            """
            {"name": "bank", "bootstrapServers": ["a:9092", "b:9092"], "replicationFactor": 3, "partCheckInterval": "5s",
             "kafka": {"security.protocol": "SASL_SSL", "fetch.max.bytes": 1000000},
             "server": {"listen": "127.0.0.1:8080", "tokens": "/run/tokens"},
             "connectors": {
                "in": {"type": "file-source", "path": "/in", "topic": "lines", "pauseAtLag": {"group": "bank:out"}},
                "out": {"type": "file-sink", "topics": ["lines"], "folder": "/out", "deadLetterTopic": "dead",
                        "passOverLostRecords": true}
             }}
            """)
        #expect(configuration.name == "bank")
        #expect(configuration.bootstrapServers == ["a:9092", "b:9092"])
        #expect(configuration.replicationFactor == 3)
        #expect(configuration.partCheckInterval == .seconds(5))
        #expect(configuration.clientSettings == ["security.protocol": "SASL_SSL", "fetch.max.bytes": "1000000"])
        #expect(configuration.server == ["listen": "127.0.0.1:8080", "tokens": "/run/tokens"])
        let (first, second) = (configuration.connectors[0], configuration.connectors[1])
        #expect(first.name == "in" && first.type == "file-source" && first.deadLetterTopic == nil)
        #expect(first.pauseAtLag == LagLimit(group: "bank:out", records: 10_000))
        #expect(second.deadLetterTopic == "dead" && second.passesOverLostRecords && second.pauseAtLag == nil)
        guard case .source(let source as FileSource) = first.connector,
            case .sink(let sink as FileSink) = second.connector
        else { return #expect(Bool(false), "the connectors are of other kinds") }
        #expect(source.path == "/in" && source.topic == "lines")
        #expect(sink.topics == ["lines"] && sink.folder == "/out")
    }

    @Test(
        "a wrong connector gives its sentence",
        arguments: [
            ("", "connectors: must be an object with at least one connector by its name"),
            (#""a": 1"#, "connectors.a: must be an object"),
            (
                #""a b": {"type": "file-source"}"#,
                "connectors.a b: the name has a space in it; letters, digits, '.', '_' and '-' are allowed"
            ),
            (#""a": {}"#, "connectors.a.type: must be the name of a kind of connectors, such as file-source"),
            (
                #""a": {"type": "file-sorce"}"#,
                #"connectors.a.type: "file-sorce" is not a kind of connectors; did you mean file-source?"#
            ),
            (#""a": {"type": "file-source", "path": "/in"}"#, "connectors.a.topic: is missing"),
            (
                #""a": {"type": "file-source", "path": "/in", "topic": "lines", "pauseAtLag": {"record": 5, "group": "g"}}"#,
                "connectors.a.pauseAtLag.record: is not a setting; did you mean records?"
            ),
            (
                #""a": {"type": "file-source", "path": "/in", "topic": "lines", "pauseAtLag": {"group": "g", "records": 0}}"#,
                "connectors.a.pauseAtLag.records: must be a whole number from 1 to 1000000000"
            ),
            (
                #""a": {"type": "file-source", "path": "/in", "topic": "lines", "deadLetterTopic": "d"}"#,
                "connectors.a.deadLetterTopic: is for sinks"
            ),
            (
                #""a": {"type": "file-sink", "topics": "lines", "folder": "/o", "pauseAtLag": {"group": "g"}}"#,
                "connectors.a.pauseAtLag: is for sources"
            ),
            (
                #""a": {"type": "file-sink", "topics": [], "folder": "/out"}"#,
                "connectors.a.topics: must be a text, or an array of texts that are not empty"
            ),
        ])
    func connectors(text: String, sentence: String) throws {
        let error = #expect(throws: InvalidConnectConfiguration.self) { try read(file(text)) }
        #expect(error?.problems.map(\.description) == [sentence])
    }

    @Test(
        "a wrong setting of the worker gives its sentence",
        arguments: [
            (#", "nme": 1"#, "nme: is not a setting; did you mean name?"),
            (
                #", "kafka": {"group.id": "x"}"#,
                "kafka.group.id: group.id is set by the application itself and cannot be overridden"
            ),
            (#", "kafka": {"linger.ms": []}"#, "kafka.linger.ms: must be a string, a number or a boolean"),
            (
                #", "partCheckInterval": "1ms""#,
                "partCheckInterval: must be a time from 100ms to 1d, such as 100ms, 30s or 5m"
            ),
            (#", "server": {"lsten": "x:1"}"#, "server.lsten: is not a setting; did you mean listen?"),
            (
                #", "replicationFactor": 0"#,
                "replicationFactor: must be a whole number from 1 to 32767, or -1 for the broker's default"
            ),
        ])
    func worker(text: String, sentence: String) throws {
        let error = #expect(throws: InvalidConnectConfiguration.self) { try read(file(Self.source, text)) }
        #expect(error?.problems.map(\.description) == [sentence])
    }

    @Test("the problems of all connectors are listed at once")
    func allAtOnce() throws {
        let error = #expect(throws: InvalidConnectConfiguration.self) {
            try read(
                #"{"bootstrapServers": "x", "connectors": {"a": {"type": "file-source"}, "b": {"type": "file-sink", "fold": 1}}}"#
            )
        }
        #expect(
            error?.description == """
                7 settings are wrong:
                  connectors.a.path: is missing
                  connectors.a.topic: is missing
                  connectors.b.topics: is missing
                  connectors.b.folder: is missing
                  connectors.b.fold: is not a setting; did you mean folder?
                  name: is missing
                  bootstrapServers: must be HOST:PORT, or several separated by commas, with ports from 1 to 65535
                """)
    }

    @Test("a file that is no configuration gives its sentence")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "connect.json").path
        func problem() -> String? {
            do { _ = try ConnectConfiguration(file: path, kinds: [.fileSource]) } catch {
                return error.problems.first?.description
            }
            return nil
        }
        #expect(problem() == "\(path): there is no such file")
        try Data("[]".utf8).write(to: URL(filePath: path))
        #expect(problem() == "\(path): must be a JSON object")
        try Data("{".utf8).write(to: URL(filePath: path))
        #expect(problem()?.hasPrefix("\(path): is not valid JSON") ?? false)
        try Data(file(Self.source).utf8).write(to: URL(filePath: path))
        #expect(problem() == nil)
    }
}
