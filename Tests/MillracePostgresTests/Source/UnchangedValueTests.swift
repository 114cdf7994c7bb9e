import MillraceConnect
import MillracePostgres
import PostgresClient
import Testing

@Suite("Large values that an update leaves alone", .timeLimit(.minutes(15)))
struct UnchangedValueTests {
    private let database: Database

    init() throws {
        database = try Database()
        // Embeddings of 1,536 floats, stored outside of the row.
        try database.run(
            """
            CREATE TABLE t (k int PRIMARY KEY, metadata text, embedding float4[]);
            ALTER TABLE t ALTER embedding SET STORAGE EXTERNAL;
            """)
    }

    /// An SQL array of 1,536 floats from a seed.
    private func embedding(_ seed: Int) -> String {
        "(SELECT array_agg((sin(i * \(seed)) * 2)::float4) FROM generate_series(1, 1536) i)"
    }

    private func stored(_ seed: Int) throws -> String {
        let text = try database.connection.run("SELECT array_to_json(\(embedding(seed)))").text(row: 0, column: 0) ?? ""
        #expect(text.count > 10_000)
        return text
    }

    @Test("under full identity an update has exactly the value that the row had at that time")
    func oldRow() throws {
        try database.run("ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, 'a', \(embedding(1)))")
        let configuration = database.source("t")
        defer { database.drop(configuration) }
        let topics = Topics(configuration)
        try topics.begin()
        try database.run("UPDATE t SET metadata = 'b'")
        try database.run("UPDATE t SET k = 2")
        try database.run("UPDATE t SET embedding = \(embedding(2))")
        try database.run("UPDATE t SET metadata = NULL; DELETE FROM t")
        try topics.read(until: 7)
        topics.drop()
        let (one, two) = try (stored(1), stored(2))
        #expect(
            topics.records.map(\.line) == [
                #"r {"k":1} {"k":1,"metadata":"a","embedding":\#(one)}"#,
                #"u {"k":1} {"k":1,"metadata":"b","embedding":\#(one)}"#, #"d {"k":1} ∅"#,
                #"c {"k":2} {"k":2,"metadata":"b","embedding":\#(one)}"#,
                #"u {"k":2} {"k":2,"metadata":"b","embedding":\#(two)}"#,
                #"u {"k":2} {"k":2,"metadata":null,"embedding":\#(two)}"#, #"d {"k":2} ∅"#,
            ])
    }

    @Test(
        "read from the table, a value may be a later one, and the end is exact; rows that are gone are left to the change that follows"
    )
    func table() throws {
        try database.run(
            "INSERT INTO t VALUES (1, 'a', \(embedding(1))), (2, 'a', \(embedding(2))), (3, 'a', \(embedding(3)))")
        var configuration = database.source("t")
        configuration.unchangedValues = .table
        defer { database.drop(configuration) }
        let topics = Topics(configuration)
        try topics.begin()
        topics.drop()
        try database.run("UPDATE t SET metadata = 'b'")
        try database.run(
            "UPDATE t SET embedding = \(embedding(4)) WHERE k = 1; DELETE FROM t WHERE k = 2; UPDATE t SET k = 5 WHERE k = 3"
        )
        try topics.read(until: 8)
        topics.drop()
        let (three, four) = try (stored(3), stored(4))
        #expect(
            topics.records.dropFirst(3).map(\.line) == [
                #"u {"k":1} {"k":1,"metadata":"b","embedding":\#(four)}"#,
                #"u {"k":1} {"k":1,"metadata":"b","embedding":\#(four)}"#, #"d {"k":2} ∅"#, #"d {"k":3} ∅"#,
                #"c {"k":5} {"k":5,"metadata":"b","embedding":\#(three)}"#,
            ])
    }

    @Test("an envelope of a row that is gone lacks the value, and never has null in its place")
    func envelope() throws {
        try database.run("INSERT INTO t VALUES (1, 'a', \(embedding(1)))")
        var configuration = database.source("t")
        (configuration.unchangedValues, configuration.format) = (.table, .changes)
        defer { database.drop(configuration) }
        let topics = Topics(configuration)
        try topics.begin()
        topics.drop()
        try database.run("UPDATE t SET metadata = 'b'; DELETE FROM t")
        try topics.read(until: 4)
        topics.drop()
        #expect(
            topics.records[1].valueText?.hasPrefix(#"{"before":null,"after":{"k":1,"metadata":"b"},"op":"u""#) == true)
        #expect(topics.records[2].valueText?.hasPrefix(#"{"before":{"k":1},"after":null,"op":"d""#) == true)
    }

    @Test("an identity that does not tell the value any more stops the source with a sentence")
    func refused() throws {
        try database.run("ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, 'a', \(embedding(1)))")
        let configuration = database.source("t")
        defer { database.drop(configuration) }
        let topics = Topics(configuration)
        try topics.begin()
        try database.run("ALTER TABLE t REPLICA IDENTITY DEFAULT; UPDATE t SET metadata = 'b'")
        let error = try #require(throws: ConnectorError.self) { try topics.read(until: 2) }
        topics.drop()
        #expect(error.kind == .permanent)
        #expect(error.message.contains("left large values (embedding) out: set unchangedValues to \"table\""))
        var table = configuration
        table.unchangedValues = .table
        let later = Topics(table, from: topics.position)
        try later.read(until: 1)
        later.drop()
        #expect(later.records[0].valueText == #"{"k":1,"metadata":"b","embedding":\#(try stored(1))}"#)
    }
}

@Suite("Changes that have no records", .timeLimit(.minutes(15)))
struct RefusedChangeTests {
    @Test("a truncation, another key, an identity that is gone: each stops the source with a way out")
    func refused() throws {
        let database = try Database()
        try database.run("CREATE TABLE t (k int PRIMARY KEY, v int NOT NULL); INSERT INTO t VALUES (1, 1)")
        var configuration = database.source("t")
        defer { database.drop(configuration) }
        let topics = Topics(configuration)
        try topics.begin()
        try database.run("TRUNCATE t; INSERT INTO t VALUES (2, 2)")
        let truncated = try #require(throws: ConnectorError.self) { try topics.read(until: 2) }
        topics.drop()
        #expect(
            truncated.kind == .permanent
                && truncated.message.contains("set onTruncate to \"skip\" to leave the rows in the topic public.t"))
        configuration.onTruncate = .skip
        let skipping = Topics(configuration, from: topics.position)
        try skipping.read(until: 1)
        #expect(skipping.records.map(\.line) == [#"c {"k":2} {"k":2,"v":2}"#])

        try database.run("ALTER TABLE t RENAME k TO kk; INSERT INTO t VALUES (3, 3)")
        let renamed = try #require(throws: ConnectorError.self) { try skipping.read(until: 2) }
        skipping.drop()
        #expect(
            renamed.message.hasPrefix(
                "The key of the table public.t has become (kk), so later records would have other keys"))
        configuration.onKeyChange = .follow
        let following = Topics(configuration, from: skipping.position)
        try following.read(until: 1)
        #expect(following.records.map(\.line) == [#"c {"kk":3} {"kk":3,"v":3}"#])

        try database.run("ALTER TABLE t REPLICA IDENTITY NOTHING; INSERT INTO t VALUES (4, 4)")
        let lost = try #require(throws: ConnectorError.self) { try following.read(until: 2) }
        following.drop()
        #expect(
            lost.message.hasPrefix(
                "The table public.t has lost its replica identity, so its changes have no key: run ALTER TABLE public.t REPLICA IDENTITY FULL. To begin again"
            ))
    }
}
