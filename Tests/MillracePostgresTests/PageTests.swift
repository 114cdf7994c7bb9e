import Foundation
import Millrace
import MillraceConnect
import MillracePostgres
import PostgresClient
import Servers
import Testing

/// The configurations of docs/connect/postgres.md, in front of a server.
@Suite("The page about PostgreSQL", .timeLimit(.minutes(15)))
struct PageTests {
    private let database: Database

    init() throws { database = try Database(vectors.get()) }

    /// Makes the connector of a documented configuration, with the server of this test in place of the page's.
    private func connector(_ kind: ConnectorKind) throws -> Connector {
        let page = try String(contentsOf: projectFolder.appending(path: "docs/connect/postgres.md"), encoding: .utf8)
        let blocks = page.matches(of: /```json\n((?s:.*?))```/).map { Data($0.1.utf8) }
        let objects = try blocks.compactMap { try JSONSerialization.jsonObject(with: $0) as? [String: Any] }
        #expect(objects.count == 2)
        var settings = try #require(objects.first { $0["type"] as? String == kind.name })
        let password = FileManager.default.temporaryDirectory.appending(path: "password-\(UUID())")
        try Data("millrace\n".utf8).write(to: password)
        defer { try? FileManager.default.removeItem(at: password) }
        #expect(settings["password"] as? [String: String] == ["file": "/run/secrets/postgres"])
        settings.merge([
            "host": "127.0.0.1", "port": database.server.port, "database": database.name,
            "password": ["file": password.path], "timeLimitMs": 300_000,
        ]) { $1 }
        settings["parameters"] = nil
        return try kind.connector(
            json: String(decoding: JSONSerialization.data(withJSONObject: settings), as: UTF8.self))
    }

    @Test("what the source of the page reads, the sink of the page writes into a table that it makes")
    func configurations() throws {
        guard case .source(let source as PostgresSource) = try connector(.postgresSource),
            case .sink(let sink as PostgresSink) = try connector(.postgresSink)
        else {
            Issue.record("the page has no source and no sink")
            return
        }
        try database.run(
            """
            CREATE EXTENSION vector; CREATE TABLE agent_context (agent_id uuid PRIMARY KEY, metadata jsonb, embedding vector(1536));
            ALTER TABLE agent_context REPLICA IDENTITY FULL;
            INSERT INTO agent_context SELECT gen_random_uuid(), jsonb_build_object('n', n), array_fill(n, ARRAY[1536])::vector
            FROM generate_series(1, 3) n
            """)
        let rows = "SELECT agent_id, metadata, embedding FROM agent_context ORDER BY agent_id"
        let expected = try database.connection.run(rows).texts
        let topics = Topics(source.configuration)
        defer { database.drop(source.configuration) }
        try topics.begin()
        topics.drop()
        #expect(Set(topics.records.map(\.topic)) == ["agents.public.agent_context"])
        try database.run("DROP TABLE agent_context")
        let writer = try sink.open()
        defer { writer.close() }
        let partition = TopicPartition(topic: sink.topics[0], partition: 0)
        #expect(try writer.begin([partition]).isEmpty)
        let records = topics.records.enumerated().map {
            SinkRecord(partition: partition, offset: Int64($0), key: $1.key, value: $1.value)
        }
        #expect(try writer.take(records).isEmpty)
        try writer.commit([partition: 3])
        #expect(try database.connection.run(rows).texts == expected)
    }
}
