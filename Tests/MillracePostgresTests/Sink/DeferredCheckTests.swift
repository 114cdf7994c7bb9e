import Millrace
import MillraceConnect
import MillracePostgres
import PostgresClient
import Testing

@Suite("Checks at the end of a transaction, in a PostgreSQL sink", .timeLimit(.minutes(15)))
struct DeferredCheckTests {
    private typealias Row = (key: Int, value: String?)

    private let partition = SinkTests.partition
    private static let tree =
        "CREATE TABLE t (k int PRIMARY KEY, p int REFERENCES t DEFERRABLE INITIALLY DEFERRED, n int)"

    private func database(_ version: Int) throws -> Database {
        version == 18 ? try Database(vectors.get()) : try Database()
    }

    /// Makes tables in a database, and a writer that has begun.
    private func begin(_ version: Int, _ tables: String) throws -> (Database, any SinkWriter) {
        let database = try database(version)
        try database.run(tables)
        let writer = try PostgresSink(
            PostgresSinkConfiguration(server: database.address, name: "sink", topics: ["in"], table: "t")
        ).open()
        _ = try writer.begin([partition])
        return (database, writer)
    }

    private func rows(_ query: String, _ database: Database) throws -> [[String?]] {
        try database.connection.run(query).texts
    }

    /// Writes rows, some at a time, and waits for all refusals. Returns them as keys with reasons.
    private func write(
        _ rows: [Row], from offset: Int64 = 0, by count: Int = .max, to writer: any SinkWriter
    ) throws -> [String: String] {
        let records = rows.enumerated().map { index, row in
            SinkRecord(
                partition: partition, offset: offset + Int64(index), key: Array("\(row.key)".utf8),
                value: row.value.map { Array($0.utf8) })
        }
        var refused: [RefusedSinkRecord] = []
        var left = records[...]
        while !left.isEmpty {
            refused += try writer.write(Array(left.prefix(count)))
            left = left.dropFirst(count)
        }
        refused += try writer.finish()
        let reasons = refused.map { (String(decoding: $0.record.key ?? [], as: UTF8.self), $0.reason) }
        #expect(Set(reasons.map(\.0)).count == reasons.count, "each refusal comes once: \(reasons)")
        return Dictionary(reasons, uniquingKeysWith: { first, _ in first })
    }

    private func transact(
        _ rows: [Row], from offset: Int64 = 0, by count: Int = .max, to writer: any SinkWriter
    ) throws -> [String: String] {
        let refused = try write(rows, from: offset, by: count, to: writer)
        try writer.commit([partition: offset + Int64(rows.count)])
        return refused
    }

    @Test(
        "a row that refers to nothing is refused; rows that refer to each other pass, also beside refused ones",
        arguments: [15, 18], [1, 3, 1_000])
    func foreignKey(version: Int, count: Int) throws {
        let (database, writer) = try begin(version, Self.tree)
        defer { writer.close() }
        let circle: [Row] = [(1, #"{"p":3}"#), (2, #"{"p":1}"#), (3, #"{"p":2}"#), (4, "{}")]
        #expect(try transact(circle, by: count, to: writer).isEmpty)
        // Each refers to the next.
        var more: [Row] = (10..<60).map { ($0, "{\"p\":\($0 + 1)}") } + [(60, "{}")]
        let between: [Row] = [(100, #"{"p":777}"#), (101, #"{"p":100}"#), (102, #"{"p":10}"#)]
        more.insert(contentsOf: between, at: 20)
        // The values before the last of a key do not count.
        more += [(10, #"{"n":1}"#), (4, nil), (10, #"{"p":60,"n":2}"#)]
        let refused = try transact(more, from: 4, by: count, to: writer)
        #expect(refused.keys.sorted() == ["100", "101"], "\(refused)")
        #expect(
            refused["100"]?.contains(
                "violates foreign key constraint \"t_p_fkey\"; Key (p)=(777) is not present in table \"t\".") == true)
        #expect(
            try rows("SELECT count(*), count(p), min(n) FROM t WHERE k >= 10", database) == [["52", "51", "2"]])
        #expect(
            try rows("SELECT k, p FROM t WHERE k < 10 OR k = 102 ORDER BY k", database)
                == [["1", "3"], ["2", "1"], ["3", "2"], ["102", "10"]])
        #expect(try rows("SELECT next_offset FROM millrace_offsets", database) == [["\(4 + more.count)"]])
        // The next transaction waits with its checks again.
        #expect(try transact([(5, #"{"p":6}"#), (6, "{}")], from: Int64(4 + more.count), to: writer).isEmpty)
    }

    @Test(
        "rows with the same unique value: the later one is refused, and two that change places pass",
        arguments: [15, 18])
    func unique(version: Int) throws {
        let (database, writer) = try begin(
            version, "CREATE TABLE t (k int PRIMARY KEY, u int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        defer { writer.close() }
        #expect(try transact([(1, #"{"u":1}"#), (2, #"{"u":2}"#)], to: writer).isEmpty)
        #expect(try transact([(1, #"{"u":2}"#), (2, #"{"u":1}"#)], from: 2, to: writer).isEmpty)
        let refused = try transact([(5, #"{"u":5}"#), (6, #"{"u":5}"#), (7, #"{"u":7}"#)], from: 4, to: writer)
        #expect(refused.keys.sorted() == ["6"])
        #expect(refused["6"]?.hasPrefix("duplicate key value violates unique constraint \"t_u_key\"") == true)
        #expect(
            try rows("SELECT * FROM t ORDER BY k", database) == [["1", "2"], ["2", "1"], ["5", "5"], ["7", "7"]])
    }

    @Test(
        "what a constraint trigger forbids at the end of a transaction, also one of a part of the table",
        arguments: [15, 18])
    func trigger(version: Int) throws {
        let (database, writer) = try begin(
            version,
            """
            CREATE TABLE t (k int PRIMARY KEY, n int) PARTITION BY RANGE (k); CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (100);
            CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN IF (SELECT sum(n) FROM t) > 100 THEN RAISE EXCEPTION ''the sum is above 100''; END IF; RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER g AFTER INSERT OR UPDATE ON t_low DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f()
            """)
        defer { writer.close() }
        #expect(try transact([(1, #"{"n":90}"#), (2, #"{"n":60}"#), (1, #"{"n":10}"#)], by: 1, to: writer).isEmpty)
        let refused = try transact([(3, #"{"n":200}"#), (4, #"{"n":5}"#), (5, #"{"n":"x"}"#)], from: 3, to: writer)
        #expect(refused["3"] == "the sum is above 100" && refused.keys.sorted() == ["3", "5"], "\(refused)")
        let later = try transact([(3, #"{"n":200}"#), (4, #"{"n":6}"#), (2, nil)], from: 6, to: writer)
        #expect(later == ["3": "the sum is above 100"])
        #expect(try rows("SELECT * FROM t ORDER BY k", database) == [["1", "10"], ["4", "6"]])
    }

    @Test(
        "a tombstone of a row to which another table refers is refused",
        arguments: [15, 18])
    func tombstone(version: Int) throws {
        let (database, writer) = try begin(
            version,
            """
            CREATE TABLE t (k int PRIMARY KEY); CREATE TABLE c (p int REFERENCES t DEFERRABLE INITIALLY DEFERRED);
            INSERT INTO t VALUES (1), (2); INSERT INTO c VALUES (1)
            """)
        defer { writer.close() }
        let refused = try transact([(3, "{}"), (1, nil), (2, nil)], to: writer)
        #expect(refused.keys.sorted() == ["1"])
        #expect(refused["1"]?.contains("is still referenced from table \"c\"") == true, "\(refused)")
        #expect(try rows("SELECT k FROM t ORDER BY k", database) == [["1"], ["3"]])
    }

    @Test(
        "checks of another table, into which a trigger writes, are known after the first refused commit",
        arguments: [15, 18])
    func learned(version: Int) throws {
        let (database, writer) = try begin(
            version,
            """
            CREATE TABLE t (k int PRIMARY KEY, n int); CREATE TABLE known (n int PRIMARY KEY); INSERT INTO known VALUES (1);
            CREATE TABLE log (n int REFERENCES known DEFERRABLE INITIALLY DEFERRED);
            CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (new.n); RETURN new; END';
            CREATE TRIGGER g AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()
            """)
        defer { writer.close() }
        let batch: [Row] = [(1, #"{"n":1}"#), (2, #"{"n":2}"#), (3, #"{"n":1}"#)]
        #expect(try write(batch, to: writer).isEmpty)
        let error = try #require(throws: ConnectorError.self) { try writer.commit([partition: 3]) }
        #expect(error.kind == .temporary && error.message.contains("Key (n)=(2) is not present in table"), "\(error)")
        writer.rollBack()
        #expect(try writer.begin([partition]).isEmpty)
        let refused = try transact(batch, to: writer)
        #expect(refused.keys.sorted() == ["2"])
        #expect(try rows("SELECT k, n FROM t ORDER BY k", database) == [["1", "1"], ["3", "1"]])
        #expect(try rows("SELECT n FROM log", database) == [["1"], ["1"]])
    }

    @Test(
        "refusals are known before anything is committed; a connection that is lost then commits nothing",
        arguments: [15, 18])
    func order(version: Int) throws {
        let (database, writer) = try begin(version, Self.tree)
        defer { writer.close() }
        let batch: [Row] = [(1, #"{"p":2}"#), (2, "{}"), (3, #"{"p":777}"#), (4, #"{"p":1}"#)]
        let facts = "SELECT (SELECT count(*) FROM t), (SELECT next_offset FROM millrace_offsets)"
        #expect(try write(batch, to: writer).keys.sorted() == ["3"])
        #expect(try rows(facts, database) == [["0", nil]])
        try database.run(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = 'millrace' AND datname = current_database()"
        )
        let error = try #require(throws: ConnectorError.self) { try writer.commit([partition: 4]) }
        #expect(error.kind == .temporary)
        writer.rollBack()
        #expect(try rows(facts, database) == [["0", nil]])
        #expect(try writer.begin([partition]).isEmpty)
        #expect(try transact(batch, to: writer).keys.sorted() == ["3"])
        #expect(try rows(facts, database) == [["3", "4"]])
    }

    @Test(
        "rows that are written after the refusals were asked for are checked at the end, too",
        arguments: [15, 18])
    func writtenOn(version: Int) throws {
        let (database, writer) = try begin(version, Self.tree)
        defer { writer.close() }
        #expect(try write([(1, "{}"), (2, #"{"p":777}"#)], to: writer).keys.sorted() == ["2"])
        #expect(try write([(3, #"{"p":4}"#)], from: 2, to: writer).keys.sorted() == ["3"])
        #expect(try writer.write([record(3, 5, #"{"p":6}"#)]).isEmpty)
        #expect(try write([(6, #"{"p":1}"#)], from: 4, to: writer).isEmpty)
        try writer.commit([partition: 5])
        #expect(try rows("SELECT k, p FROM t ORDER BY k", database) == [["1", nil], ["5", "6"], ["6", "1"]])
        // The server does not check rows that are rolled back.
        #expect(try writer.write([record(5, 7, #"{"p":777}"#)]).isEmpty)
        writer.rollBack()
        #expect(try writer.begin([partition]) == [partition: 5])
        #expect(try writer.finish().isEmpty)
    }

    private func record(_ offset: Int64, _ key: Int, _ value: String) -> SinkRecord {
        SinkRecord(partition: partition, offset: offset, key: Array("\(key)".utf8), value: Array(value.utf8))
    }
}
