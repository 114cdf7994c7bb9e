import Foundation
import Millrace
import MillraceConnect
import MillraceConnectRuntime
import MillraceEngine
import Testing

@Suite("The connectors that processes tell one another")
struct AnnouncedConnectorTests {
    private static let secretive = ConnectorKind("secretive") { settings in
        _ = settings.secret("password")
        return .source(FileSource(path: settings.text("path"), topic: "lines"))
    }

    private func announced(_ connectors: String) throws -> AnnouncedConnectors {
        let text = #"{"name": "bank", "bootstrapServers": "localhost:9092", "connectors": {\#(connectors)}}"#
        let configuration = try ConnectConfiguration(
            JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)), file: "connect.json",
            kinds: [.fileSource, .fileSink, Self.secretive])
        return AnnouncedConnectors(configuration.connectors)
    }

    private func source(_ name: String, path: String = "/in") -> String {
        #""\#(name)": {"type": "file-source", "path": "\#(path)", "topic": "lines"}"#
    }

    @Test("they are read from the client id as they were written, beside the name and the address")
    func texts() throws {
        let connectors = try announced([source("orders"), source("a.b-c_d")].joined(separator: ","))
        let address = try #require(InstanceAddress("host:8080"))
        for address in [nil, address] {
            let clientID = WorkerProcess.clientID(name: "bank-1", address: address, connectors: connectors)
            let process = WorkerProcess(.init(memberID: "m", clientID: clientID))
            #expect(process.name == "bank-1" && process.address == address && process.connectors == connectors)
        }
        let none = AnnouncedConnectors([])
        #expect(AnnouncedConnectors(Substring(none.text)) == none)
        let fromCode = AnnouncedConnectors([
            ConfiguredConnector(
                name: "a", type: "file-source", connector: .source(FileSource(path: "/in", topic: "lines")))
        ])
        #expect(fromCode.text == ";a=" && AnnouncedConnectors(";a=") == fromCode)
    }

    @Test("nothing is read from another text", arguments: ["", "a", ";a", ";=1", ";*=", ";*=1;a=1"])
    func otherTexts(text: String) { #expect(AnnouncedConnectors(Substring(text)) == nil) }

    @Test("too many connectors have one digest, by which processes see that they differ, not in what")
    func tooMany() throws {
        func many(_ paths: [Int: String] = [:]) throws -> AnnouncedConnectors {
            try announced(
                (0..<1_000).map { source("connector-\($0)", path: paths[$0] ?? "/in") }.joined(separator: ","))
        }
        let (first, same, other) = (try many(), try many(), try many([999: "/other"]))
        #expect(first.text.hasPrefix(";*=") && first.text.utf8.count == 11)
        #expect(AnnouncedConnectors(Substring(first.text)) == first && first == same && first.text != other.text)
        let few = try announced(source("connector-0"))
        #expect(few.text == ";connector-0=" + few.text.suffix(8))
        func differences(_ processes: [(String, AnnouncedConnectors)]) -> [String] {
            let sentences = AnnouncedConnectors.differences(of: processes)
            #expect(AnnouncedConnectors.differences(of: processes.reversed()) == sentences)
            return sentences
        }
        let end = ": they are too many to tell which, and each process works by its own"
        #expect(differences([("a", first), ("b", same)]).isEmpty)
        #expect(
            differences([("a", first), ("b", other), ("c", same)])
                == ["the connectors of a and c differ from those of b" + end])
        // The connectors that the others tell one by one are still compared one by one.
        let less = try announced(source("connector-1"))
        #expect(
            differences([("a", first), ("b", few), ("c", less)])
                == [
                    "the connector connector-0 is missing in the configuration of c: the other processes do its work",
                    "the connector connector-1 is missing in the configuration of b: the other processes do its work",
                    "the connectors of a differ from those of b, and from those of c" + end,
                ])
    }

    @Test(
        "the same settings have the same digest in any order, others another one, and the place of a secret does not count"
    )
    func digests() throws {
        func text(_ settings: String) throws -> String { try announced(#""a": {\#(settings)}"#).text }
        let first = try text(#""type": "file-source", "path": "/in", "topic": "lines""#)
        #expect(first.count == 11)
        #expect(try text(#""topic": "lines", "type": "file-source", "path": "/in""#) == first)
        #expect(try text(#""type": "file-source", "path": "/in", "topic": "line""#) != first)
        #expect(try text(#""type": "file-source", "path": "/in", "topic": "lines", "maxLineSizeInBytes": 5"#) != first)
        let secret = try text(#""type": "secretive", "path": "/in", "password": {"environment": "PATH"}"#)
        #expect(try text(#""type": "secretive", "path": "/in", "password": {"environment": "HOME"}"#) == secret)
        #expect(try text(#""type": "secretive", "path": "/on", "password": {"environment": "PATH"}"#) != secret)
    }

    @Test("the same sentences come from any order of the processes, and name the connector and the processes")
    func differences() throws {
        let (orders, others) = (source("orders"), source("orders", path: "/other"))
        let archive = #""archive": {"type": "file-sink", "topics": ["lines"], "folder": "/out"}"#
        func differences(_ files: [String]) throws -> [String] {
            let processes = try files.enumerated().map { ("bank-\($0)", try announced($1)) }
            let sentences = AnnouncedConnectors.differences(of: processes)
            #expect(AnnouncedConnectors.differences(of: processes.reversed()) == sentences)
            return sentences
        }
        #expect(try differences([orders, orders]).isEmpty)
        #expect(
            try differences([orders, "\(orders), \(archive)", orders])
                == [
                    "the connector archive is missing in the configuration of bank-0 and bank-2: the other processes do its work"
                ])
        #expect(
            try differences([others, orders, archive, others])
                == [
                    "the connector archive is missing in the configuration of bank-0 and bank-1 and bank-3: the other processes do its work",
                    "the connector orders is missing in the configuration of bank-2: the other processes do its work",
                    "the connector orders has some settings in bank-0 and bank-3, others in bank-1: each process works by its own",
                ])
        // Settings of code cannot be compared.
        let fromCode = AnnouncedConnectors([
            ConfiguredConnector(
                name: "orders", type: "file-source", connector: .source(FileSource(path: "/in", topic: "lines")))
        ])
        #expect(AnnouncedConnectors.differences(of: [("a", fromCode), ("b", try announced(orders))]).isEmpty)
        #expect(AnnouncedConnectors.differences(of: []).isEmpty)
    }
}
