import Millrace
import MillraceConnect
import MillracePostgres
import PostgresClient
import Testing

@Suite("A PostgreSQL sink", .timeLimit(.minutes(15)))
struct SinkTests {
    private let database: Database
    static let partition = TopicPartition(topic: "in", partition: 0)
    private let partition = Self.partition

    init() throws { database = try Database() }

    private func configuration(_ table: String = "t") -> PostgresSinkConfiguration {
        PostgresSinkConfiguration(server: database.address, name: "sink", topics: ["in"], table: table)
    }

    private func record(_ offset: Int64, _ key: String?, _ value: String?, _ partition: TopicPartition? = nil)
        -> SinkRecord
    {
        SinkRecord(
            partition: partition ?? self.partition, offset: offset, key: key.map { Array($0.utf8) },
            value: value.map { Array($0.utf8) })
    }

    private func rows(_ query: String) throws -> [[String?]] { try database.connection.run(query).texts }

    @Test(
        "rows are inserted, changed and deleted by key, the last record of a key counts, and the offset is committed with them"
    )
    func upserts() throws {
        try database.run("CREATE TABLE t (k int PRIMARY KEY, v text, made text DEFAULT 'by default')")
        let writer = try PostgresSink(configuration()).open()
        #expect(try writer.begin([partition]).isEmpty)
        #expect(
            try writer.take([
                record(0, #"{"k":1}"#, #"{"k":1,"v":"a"}"#),
                record(1, #"{"k":2}"#, #"{"v":"b\t\\\"\n\u00fc\ud83d\ude00"}"#),
            ]).isEmpty)
        #expect(try rows("SELECT * FROM t").isEmpty)
        try writer.commit([partition: 2])
        #expect(
            try rows("SELECT * FROM t ORDER BY k") == [["1", "a", "by default"], ["2", "b\t\\\"\nü😀", "by default"]])
        let batch = [
            record(2, #"{"k":1}"#, #"{"k":1,"v":"c"}"#), record(3, #"{"k":3}"#, #"{"k":3,"v":"d"}"#),
            record(4, #"{"k":3}"#, nil),
            record(5, #"{"k":2}"#, nil), record(6, #"{"k":4}"#, nil), record(7, "5", #"{"v":"x"}"#),
            record(8, #"{"k":2}"#, #"{"k":2}"#),
            record(9, #"{"k":1}"#, #"{"k":1,"v":"e"}"#),
        ]
        #expect(try writer.take(batch).isEmpty)
        #expect(try writer.take([record(10, #"{"k":5}"#, #"{"k":5,"v":"y"}"#)]).isEmpty)
        try writer.commit([partition: 11])
        #expect(try rows("SELECT k, v FROM t ORDER BY k") == [["1", "e"], ["2", nil], ["5", "y"]])
        writer.close()
        let next = try PostgresSink(configuration()).open()
        #expect(try next.begin([partition]) == [partition: 11])
        next.close()
    }

    @Test("what is not committed is not there, and the offset is that of the last commit")
    func rollBack() throws {
        try database.run("CREATE TABLE t (k int PRIMARY KEY, v text)")
        let writer = try PostgresSink(configuration()).open()
        _ = try writer.begin([partition])
        _ = try writer.write([record(0, "1", #"{"v":"a"}"#)])
        try writer.commit([partition: 1])
        _ = try writer.write([record(1, "1", #"{"v":"b"}"#)])
        writer.rollBack()
        #expect(try writer.begin([partition]) == [partition: 1])
        #expect(try rows("SELECT * FROM t") == [["1", "a"]])
        try database.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace' AND datname = current_database()"
        )
        #expect(throws: ConnectorError.self) { try writer.write([record(1, "1", #"{"v":"b"}"#)]) }
        writer.rollBack()
        #expect(try writer.begin([partition]) == [partition: 1])
        _ = try writer.write([record(1, "1", #"{"v":"b"}"#)])
        try writer.commit([partition: 2])
        #expect(try rows("SELECT * FROM t") == [["1", "b"]])
        writer.close()
    }

    @Test("batches after a commit do not see those before, and a connection that was lost commits no offset")
    func batches() throws {
        try database.run("CREATE TABLE t (k int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'old'), (2, 'old')")
        let writer = try PostgresSink(configuration()).open()
        _ = try writer.begin([partition])
        for round in 0..<4 {
            let offset = Int64(round * 2)
            _ = try writer.write([
                record(offset, round % 2 == 0 ? "1" : "2", "{\"v\":\"\(round)\"}"),
                record(offset + 1, "1", round == 0 ? #"{"v":"first"}"# : nil),
            ])
            try writer.commit([partition: offset + 2])
        }
        #expect(try rows("SELECT * FROM t") == [["2", "3"]])
        _ = try writer.write([record(8, "9", #"{"v":"lost"}"#)])
        try database.run(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = 'millrace' AND datname = current_database()"
        )
        for _ in 0..<3 { #expect(throws: ConnectorError.self) { try writer.commit([partition: 9]) } }
        writer.rollBack()
        #expect(try writer.begin([partition]) == [partition: 8])
        writer.close()
    }

    @Test("a writer that was replaced commits nothing, and knows it")
    func fenced() throws {
        try database.run("CREATE TABLE t (k int PRIMARY KEY, v text)")
        let other = TopicPartition(topic: "in", partition: 1)
        let zombie = try PostgresSink(configuration()).open()
        _ = try zombie.begin([partition, other])
        _ = try zombie.write([record(0, "1", #"{"v":"zombie"}"#)])
        let owner = try PostgresSink(configuration()).open()
        _ = try owner.begin([partition])
        let error = try #require(throws: ConnectorError.self) { try zombie.commit([partition: 1]) }
        #expect(error.kind == .temporary && error.message.hasPrefix("in-0 is written by another process"), "\(error)")
        zombie.rollBack()
        _ = try owner.write([record(0, "1", #"{"v":"owner"}"#)])
        try owner.commit([partition: 1])
        #expect(try rows("SELECT * FROM t") == [["1", "owner"]])
        zombie.close()
        owner.close()
    }

    @Test("bad records are refused with a reason, and all others are written", arguments: [false, true])
    func refused(hasOldKeys: Bool) throws {
        try database.run(
            "CREATE TABLE t (k int PRIMARY KEY, n int NOT NULL, s varchar(3), u int UNIQUE, j jsonb, b bytea, a int[], CHECK (n < 1000))"
        )
        if hasOldKeys { try database.run("INSERT INTO t (k, n) SELECT i, 0 FROM generate_series(0, 99) i") }
        let bad: [(key: String?, value: String?, reason: String)] = [
            ("100", "", "the value is not a JSON object: it ends too early"),
            ("101", "[1]", "the value is not a JSON object: there is no \"{\" at byte 0"),
            ("102", #"{"n":1}x"#, "the value is not a JSON object: it goes on after its end"),
            ("103", #"{"n":01}"#, "the value is not a JSON object: a number at byte 5 begins with 0"),
            ("104", #"{"n":"one"}"#, "invalid input syntax for type integer: \"one\""),
            ("105", #"{"s":"a"}"#, "null value in column \"n\" of relation \"t\" violates not-null constraint"),
            ("106", #"{"n":1,"s":"long"}"#, "value too long for type character varying(3)"),
            ("107", #"{"n":1000}"#, "new row for relation \"t\" violates check constraint"),
            ("108", #"{"n":1,"nope":2}"#, "the table has no column for the field \"nope\""),
            ("109", #"{"n":1,"b":"no base64"}"#, "the field \"b\": it is not bytes in Base64"),
            ("110", #"{"n":1,"s":"\u0000"}"#, "the field \"s\": PostgreSQL has no texts with a zero character"),
            ("111", #"{"n":99999999999}"#, "value \"99999999999\" is out of range for type integer"),
            (nil, #"{"n":1}"#, "the key's column k has no value"), (nil, nil, "the key's column k has no value"),
            ("{", #"{"n":1}"#, "the key is not JSON: it ends too early"),
            ("112", #"{"n":1,"u":7}"#, "duplicate key value violates unique constraint"),
            ("113", #"{"n":1,"a":["x"]}"#, "invalid input syntax for type integer: \"x\""),
            ("114", "{\"n\":1,\"s\":\"\u{1}\"}", "the value is not a JSON object: a text has a control character"),
        ]
        var records = [record(0, "200", #"{"n":1,"u":7}"#)]
        var offset: Int64 = 1
        for (index, entry) in bad.enumerated() {
            records.append(record(offset, entry.key, entry.value))
            records.append(
                record(offset + 1, "\(index)", #"{"n":\#(index),"j":{"x":[1.50,"\n"]},"b":"AP8Q","a":[1,null]}"#))
            offset += 2
        }
        let writer = try PostgresSink(configuration()).open()
        _ = try writer.begin([partition])
        let refused = try writer.take(records)
        try writer.commit([partition: offset])
        writer.close()
        #expect(refused.count == bad.count)
        for entry in refused {
            let expected = bad[Int(entry.record.offset - 1) / 2].reason
            #expect(entry.reason.hasPrefix(expected), "\(entry.reason) in place of \(expected)")
        }
        let written = try rows("SELECT k, n, j, b, a FROM t WHERE k < \(bad.count) ORDER BY k")
        #expect(
            written == (0..<bad.count).map { ["\($0)", "\($0)", #"{"x": [1.50, "\n"]}"#, "\\x00ff10", "{1,NULL}"] })
    }

    @Test("the server works on while the next batch is made: refusals come with a later call, each once")
    func late() throws {
        try database.run("CREATE TABLE t (k int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0)")
        let writer = try PostgresSink(configuration()).open()
        _ = try writer.begin([partition])
        var refused: [RefusedSinkRecord] = []
        for offset in Int64(0)..<20 {
            let value = offset % 5 == 3 ? "x" : "\(offset)"
            refused += try writer.write([
                record(offset, "\(offset % 4)", "{\"n\":\(value)}".replacing("x", with: "\"x\""))
            ])
            #expect(refused.allSatisfy { $0.record.offset < offset })
        }
        refused += try writer.finish()
        #expect(try writer.finish().isEmpty)
        #expect(refused.map(\.record.offset) == [3, 8, 13, 18])
        try writer.commit([partition: 20])
        #expect(try rows("SELECT * FROM t ORDER BY k") == [["0", "16"], ["1", "17"], ["2", "14"], ["3", "19"]])
        // Nobody has asked for the refusal of this one.
        #expect(try writer.write([record(20, "1", #"{"n":"x"}"#)]).isEmpty)
        #expect(throws: ConnectorError.self) { try writer.commit([partition: 21]) }
        writer.rollBack()
        #expect(try writer.begin([partition]) == [partition: 20])
        // Rows on their way do not count after a rollback.
        #expect(try writer.write([record(20, "1", #"{"n":-1}"#)]).isEmpty)
        writer.rollBack()
        #expect(try writer.begin([partition]) == [partition: 20])
        #expect(try writer.finish().isEmpty)
        writer.close()
        #expect(try rows("SELECT n FROM t WHERE k = 1") == [["17"]])
    }

    @Test("a bad last record of a key does not take the good one before it along")
    func lastOfKey() throws {
        try database.run("CREATE TABLE t (k uuid PRIMARY KEY, n int)")
        let writer = try PostgresSink(configuration()).open()
        _ = try writer.begin([partition])
        let (small, large) = (#""a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11""#, #""A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11""#)
        let refused = try writer.take([
            record(0, small, #"{"n":1}"#), record(1, large, #"{"n":2}"#), record(2, small, #"{"n":"x"}"#),
        ])
        try writer.commit([partition: 3])
        writer.close()
        #expect(refused.map(\.record.offset) == [2])
        #expect(try rows("SELECT n FROM t") == [["2"]])
    }

    @Test("values of a source's records come back as they were")
    func types() throws {
        let columns =
            "k int8 PRIMARY KEY, c float4, d float8, e numeric, g bool, h text, i bytea, j timestamp, l timestamptz, m date, n time, o interval, q json, r jsonb, s int[], u text[], bb float8[], cc int[][], z jsonb[], by bytea[]"
        try database.run(
            "CREATE TABLE a (\(columns)); CREATE TABLE b (\(columns)); ALTER TABLE a REPLICA IDENTITY FULL")
        try database.run(
            """
            INSERT INTO a VALUES (1, 0.1, 'NaN', 1234567890123456789.123456789, true, E'q"\\\\\\t\\nü', '\\x00ff10', '2026-01-02 03:04:05.678901',
                '2026-01-02 03:04:05.5+02', '0044-03-15 BC', '23:59:59.999999', '1 year 2 days 03:04:05.6', '{"b" : 1.00}', '{"n": 1.500}',
                '{1,NULL,3}', ARRAY['a b', 'NULL', NULL, 'q"\\', '', '{,}'], ARRAY['NaN', '-1.5e-7']::float8[], ARRAY[[1,2],[3,4]],
                ARRAY['{"a": [1, 2]}', '"x"']::jsonb[], ARRAY['\\x01', NULL]::bytea[]);
            INSERT INTO a (k) VALUES (2)
            """)
        let source = database.source("a")
        defer { database.drop(source) }
        let topics = Topics(source)
        try topics.begin()
        topics.drop()
        let writer = try PostgresSink(configuration("b")).open()
        _ = try writer.begin([partition])
        let records = topics.records.enumerated().map {
            SinkRecord(partition: partition, offset: Int64($0), key: $1.key, value: $1.value)
        }
        #expect(try writer.take(records).map(\.reason) == [])
        try writer.commit([partition: 2])
        writer.close()
        #expect(try rows("SELECT * FROM b ORDER BY k") == rows("SELECT * FROM a ORDER BY k"))
    }

    @Test("the table is created if that is asked for; keys as text, columns that are left alone, unknown fields")
    func settings() throws {
        var created = configuration("made")
        created.keyColumns = ["id"]
        created.keyFormat = .text
        created.createsTable = [.init("id", "text"), .init("n", "int NOT NULL"), .init("kept", "int DEFAULT 7")]
        created.unknownFields = .ignore
        #expect(PostgresSink(created).problems().isEmpty)
        #expect(try rows("SELECT to_regclass('made')") == [[nil]])
        let writer = try PostgresSink(created).open()
        _ = try writer.begin([partition])
        #expect(
            try writer.take([record(0, "plain key", #"{"n":1,"other":true}"#), record(1, "plain key", #"{"n":2}"#)])
                .isEmpty)
        try writer.commit([partition: 2])
        writer.close()
        #expect(try rows("SELECT * FROM made") == [["plain key", "2", "7"]])
    }

    @Test("what cannot work is said in a sentence")
    func problems() throws {
        let user = "u_\(database.name)"
        try database.run(
            "CREATE TABLE t (k int PRIMARY KEY, v int); CREATE TABLE nokey (k int); CREATE ROLE \(user) LOGIN PASSWORD 'x'"
        )
        func problem(_ change: (inout PostgresSinkConfiguration) -> Void) -> String {
            var changed = configuration()
            change(&changed)
            let problems = PostgresSink(changed).problems()
            #expect(problems.count == 1, "\(problems)")
            let error = #expect(throws: ConnectorError.self) { try PostgresSink(changed).open() }
            #expect(error?.message == problems.first)
            return problems.first ?? ""
        }
        #expect(
            problem { $0.table = "gone" }
                == "There is no table public.gone: correct its name, create it, or name the columns in createsTable.")
        #expect(
            problem { $0.table = "nokey" }
                == "The table public.nokey has no primary key: add one, or name the columns of a unique index in keyColumns."
        )
        #expect(
            problem { $0.keyColumns = ["v"] }
                == "The table public.t has no unique index of the columns v: create one, or name those of another in keyColumns."
        )
        #expect(
            problem { $0.columns = ["w"] }
                == "The table public.t has no column w: add it, or take it out of the configuration.")
        #expect(problem { $0.server.password = "guess" }.contains("refuses the password"))
        #expect(problem { ($0.server.user, $0.server.password) = (user, "x") }.hasPrefix("The user \(user) may not "))
        #expect(
            problem {
                $0.table = "made"
                $0.keyColumns = ["k"]
                $0.createsTable = [.init("k", "int"), .init("v", "vector(3)")]
            }
                == "The table made cannot be created: type \"vector\" does not exist (CREATE EXTENSION vector makes vectors known)."
        )
        var empty = PostgresSinkConfiguration(server: database.address, name: "", topics: [], table: ".x")
        empty.createsTable = [.init("a", "int")]
        #expect(empty.problems().count == 4)
    }
}
