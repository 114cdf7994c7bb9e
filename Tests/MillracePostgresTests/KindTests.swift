import Millrace
import MillraceConnect
import MillracePostgres
import Testing

@Suite("PostgreSQL in a configuration of connectors")
struct KindTests {
    @Test("a source and a sink are made with every setting, and wrong ones are reported together")
    func kinds() throws {
        let source = try ConnectorKind.postgresSource.connector(
            json: """
                {"type": "postgres-source", "host": "db", "port": 5433, "database": "agents", "user": "millrace",
                 "password": {"file": "\(#filePath)"}, "parameters": {"sslmode": "require"}, "timeLimitMs": 1000,
                 "tables": ["public.agent_context", "notes"], "slot": "one", "publication": "two", "createsPublication": false,
                 "createsSlot": false, "topicPrefix": "agents.", "format": "changes", "unchangedValues": "table",
                 "onLostChanges": "snapshot", "onTruncate": "skip", "onKeyChange": "follow", "unknownTypes": "text",
                 "readsSnapshot": false, "transactionsTopic": "transactions", "splitCount": 5, "splitSizeInBytes": 6}
                """)
        guard case .source(let made as PostgresSource) = source else {
            Issue.record("\(source)")
            return
        }
        var expected = PostgresSourceConfiguration(
            server: PostgresServer(host: "db", port: 5_433, database: "agents", user: "millrace"),
            tables: ["public.agent_context", "notes"], slot: "one")
        expected.server.parameters = ["sslmode": "require"]
        expected.server.timeLimitMs = 1_000
        #expect(made.configuration.server.password?.contains("struct KindTests") == true)
        expected.server.password = made.configuration.server.password
        (expected.publication, expected.createsPublication, expected.createsSlot) = ("two", false, false)
        (expected.topicPrefix, expected.format, expected.unchangedValues) = ("agents.", .changes, .table)
        (expected.onLostChanges, expected.onTruncate, expected.onKeyChange) = (.snapshot, .skip, .follow)
        (expected.unknownTypes, expected.readsSnapshot, expected.transactionsTopic) = (.text, false, "transactions")
        (expected.splitCount, expected.splitSizeInBytes) = (5, 6)
        #expect(made.configuration == expected)
        #expect(made.topics == ["agents.public.agent_context", "agents.public.notes", "transactions"])

        let sink = try ConnectorKind.postgresSink.connector(
            json: """
                {"type": "postgres-sink", "database": "agents", "user": "millrace", "name": "contexts", "topics": ["a", "b"],
                 "table": "agent_context", "keyColumns": ["id"], "keyFormat": "text", "columns": ["v"], "unknownFields": "ignore",
                 "createsTable": {"v": "vector(3)", "id": "text"}, "offsetsTable": "x.offsets"}
                """)
        guard case .sink(let made as PostgresSink) = sink else {
            Issue.record("\(sink)")
            return
        }
        var wanted = PostgresSinkConfiguration(
            server: PostgresServer(database: "agents", user: "millrace"), name: "contexts", topics: ["a", "b"],
            table: "agent_context")
        (wanted.keyColumns, wanted.keyFormat, wanted.columns) = (["id"], .text, ["v"])
        (wanted.unknownFields, wanted.offsetsTable) = (.ignore, "x.offsets")
        wanted.createsTable = [.init("id", "text"), .init("v", "vector(3)")]
        #expect(made.configuration == wanted)

        let named = try ConnectorKind.postgresSink.connector(
            json: #"{"database": "agents", "user": "millrace", "topics": ["a"], "table": "t"}"#,
            path: "connectors.eu.contexts")
        guard case .sink(let made as PostgresSink) = named else {
            Issue.record("\(named)")
            return
        }
        #expect(made.configuration.name == "eu.contexts" && made.configuration.offsetsTable == "millrace_offsets")

        let wrong = #expect(throws: InvalidConnectConfiguration.self) {
            try ConnectorKind.postgresSource.connector(
                json: #"{"database": "", "user": "u", "password": "plain", "tables": ["a", "a"], "sloth": 1}"#)
        }
        #expect((wrong.map { "\($0)" } ?? "").contains("sloth"))
        #expect((wrong.map { "\($0)" } ?? "").contains("The table public.a is named twice."))
    }

    @Test("offsets are under the worker's and the connector's name by default, and a name that is given stays as it is")
    func offsetsName() throws {
        func name(_ others: [String: JSONValue]) throws -> String? {
            let members = ["database": "agents", "user": "millrace", "topics": "a", "table": "t"]
                .mapValues { JSONValue.string($0) }
            let settings = ConnectorSettings(
                path: "connectors.contexts", members: members.merging(others) { $1 }, offsetsName: "bank:contexts")
            guard case .sink(let made as PostgresSink) = try ConnectorKind.postgresSink.connector(from: settings)
            else { return nil }
            return made.configuration.name
        }
        #expect(try name([:]) == "bank:contexts")
        #expect(try name(["name": .string("contexts")]) == "contexts")
    }
}
