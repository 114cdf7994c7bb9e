import Foundation
import Millrace
import MillraceConnect
import MillraceConnectRuntime
import Synchronization
import Testing

@Suite("The names of a worker")
struct WorkerNamesTests {
    /// Names that separators between them could make equal.
    private static let names = ["a", "b", "a-b", "a.b", "a_b", "b-c", "a-", "-b", "admin", "a-00000001", "positions"]
    /// Parts may have any characters.
    private static let parts = names + ["a/b", "/", "a:b", "b/a", ":", "admin", ""]

    /// The owners of a name by the name. Each name has one.
    private struct Owners {
        var owners: [String: String] = [:]

        mutating func add(_ name: String, _ owner: String...) {
            let owner = "\(owner)"
            let before = owners.updateValue(owner, forKey: name)
            #expect(before == nil || before == owner, "\(name) belongs to \(before ?? "") and \(owner)")
        }
    }

    @Test(
        "no two workers, connectors or parts have the same topic, group, transactional id, client id or name of offsets"
    )
    func unique() {
        var (topics, groups, transactions) = (Owners(), Owners(), Owners())
        var (offsets, clients) = (Owners(), Owners())
        for worker in Self.names {
            let names = WorkerNames(worker)
            topics.add(names.positionsTopic, worker, "positions")
            topics.add(names.statesTopic, worker, "states")
            groups.add(names.group, worker)
            for connector in Self.names {
                groups.add(names.group(of: connector), worker, connector)
                offsets.add(names.offsetsName(of: connector), worker, connector)
                for part in Self.parts {
                    let task = SourceTaskID(connector: connector, partition: part)
                    transactions.add(names.transactionalID(of: task), worker, connector, part)
                }
            }
            for number: UInt32 in [0, 1, .max] {
                let process = names.process(number)
                for client in WorkerNames.Process.Client.allCases {
                    clients.add(process.clientID(client), process.name, "\(client)")
                }
                for connector in Self.names {
                    clients.add(process.clientID(of: connector), process.name, "connector", connector)
                    for part in Self.parts {
                        let task = SourceTaskID(connector: connector, partition: part)
                        clients.add(process.clientID(of: task), process.name, "task", connector, part)
                    }
                }
            }
        }
        #expect(groups.owners.count == 11 * 12 && transactions.owners.count == 11 * 11 * Set(Self.parts).count)
        #expect(WorkerNames("bank").process(0x1f3_a09c).name == "bank-01f3a09c")
    }

    @Test(
        "a name with a separator, one that is too long and one that two connectors have are refused before anything starts",
        arguments: [
            ("a:b", ["c"], #"the worker's name "a:b" has ':' in it; letters, digits, '.', '_' and '-' are allowed"#),
            (
                "a/b", ["c"],
                #"the worker's name "a/b" has a slash in it; letters, digits, '.', '_' and '-' are allowed"#
            ),
            ("a", ["b:c"], #"the connector's name "b:c" has ':' in it; letters, digits, '.', '_' and '-' are allowed"#),
            (
                "a", ["b/c"],
                #"the connector's name "b/c" has a slash in it; letters, digits, '.', '_' and '-' are allowed"#
            ),
            ("a", ["b", "b"], #"two connectors have the name "b": give one of them another"#),
            ("", [""], #"the worker's name "" is empty; the connector's name "" is empty"#),
        ])
    func refused(worker: String, connectors: [String], sentence: String) async throws {
        let configuration = ConnectConfiguration(
            name: worker, bootstrapServers: ["127.0.0.1:1"],
            connectors: connectors.map { name in
                ConfiguredConnector(
                    name: name, type: "file-source", connector: .source(FileSource(path: "/in", topic: "lines")))
            })
        let error = await #expect(throws: StreamsError.self) { try await ConnectWorker(configuration).run() }
        #expect(error?.code == .configuration && error?.message == sentence)
    }

    @Test(
        "a sink has the worker's and the connector's name for its offsets, and a worker's name leaves room for that of its topics"
    )
    func fromFile() throws {
        let seen = Mutex<[String]>([])
        let kind = ConnectorKind("sink") { settings in
            seen.withLock { $0.append(settings.offsetsName) }
            return .sink(FileSink(topics: ["lines"], folder: "/out"))
        }
        func read(_ name: String) throws {
            let text =
                #"{"name": "\#(name)", "bootstrapServers": "localhost:9092", "connectors": {"eu.c": {"type": "sink"}}}"#
            _ = try ConnectConfiguration(
                JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)), file: "connect.json", kinds: [kind])
        }
        try read("bank")
        try read(String(repeating: "b", count: 239))
        #expect(seen.withLock(\.self).first == "bank:eu.c")
        let error = #expect(throws: InvalidConnectConfiguration.self) { try read(String(repeating: "b", count: 240)) }
        #expect(error?.problems.count == 1)
        #expect(error?.problems.first?.description.hasPrefix("name: is too long, because the topic") == true)
    }
}
