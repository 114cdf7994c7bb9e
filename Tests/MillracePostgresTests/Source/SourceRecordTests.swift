import MillraceConnect
import MillracePostgres
import Testing

@Suite("Records of a PostgreSQL source", .timeLimit(.minutes(15)))
struct SourceRecordTests {
    private let database: Database

    init() throws { database = try Database() }

    @Test("rows that are there come first, then every change, with its operation, position and transaction")
    func changes() throws {
        try database.run(
            "CREATE TABLE t (k int PRIMARY KEY, n numeric(9, 2)); INSERT INTO t VALUES (1, 1.50), (2, NULL)")
        let configuration = database.source("t")
        defer { database.drop(configuration) }
        let topics = Topics(configuration)
        try topics.begin()
        try database.run(
            "BEGIN; INSERT INTO t VALUES (3, 3); UPDATE t SET n = 4 WHERE k = 1; DELETE FROM t WHERE k = 2; COMMIT")
        try database.run("UPDATE t SET k = 9 WHERE k = 3")
        let records = try topics.read(until: 7)
        topics.drop()
        #expect(
            records.map(\.line) == [
                #"r {"k":1} {"k":1,"n":1.50}"#, #"r {"k":2} {"k":2,"n":null}"#, #"c {"k":3} {"k":3,"n":3.00}"#,
                #"u {"k":1} {"k":1,"n":4.00}"#, #"d {"k":2} ∅"#, #"d {"k":3} ∅"#, #"c {"k":9} {"k":9,"n":3.00}"#,
            ])
        #expect(records.allSatisfy { $0.topic == "public.t" })
        #expect(records[0].header("transaction") == nil && records[0].header("lsn")?.contains("/") == true)
        #expect(Set(records[2...4].map { $0.header("transaction") }).count == 1)
        #expect(records[5].header("transaction") != records[4].header("transaction"))
        let times = records.compactMap(\.timestampMs)
        #expect(times.count == 7 && times == times.sorted())
    }

    @Test("envelopes have the row before and after, and a tombstone follows a deletion")
    func envelopes() throws {
        try database.run(
            "CREATE TABLE t (k int PRIMARY KEY, v text); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, 'a')"
        )
        var configuration = database.source("t")
        configuration.format = .changes
        configuration.topicPrefix = "db."
        configuration.transactionsTopic = "transactions"
        defer { database.drop(configuration) }
        let topics = Topics(configuration)
        try topics.begin()
        try database.run("BEGIN; UPDATE t SET v = 'b'; DELETE FROM t; COMMIT; TRUNCATE t")
        let all = try topics.read(until: 9)
        topics.drop()
        let records = all.filter { $0.topic == "db.public.t" }
        #expect(records.map { $0.header("op") } == ["r", "u", "d", "d", "t"])
        let values = records.map { $0.valueText ?? "∅" }
        #expect(
            values[0].hasPrefix(
                #"{"before":null,"after":{"k":1,"v":"a"},"op":"r","source":{"connector":"millrace","db":"\#(database.name)","schema":"public","table":"t","snapshot":true,"ts_ms":"#
            ))
        #expect(values[1].hasPrefix(#"{"before":{"k":1,"v":"a"},"after":{"k":1,"v":"b"},"op":"u","#))
        #expect(
            values[1].contains(
                #""txId":\#(records[1].header("transaction") ?? ""),"lsn":"\#(records[1].header("lsn") ?? "")""#))
        #expect(values[2].hasPrefix(#"{"before":{"k":1,"v":"b"},"after":null,"op":"d","#) && values[3] == "∅")
        #expect(values[4].hasPrefix(#"{"before":null,"after":null,"op":"t","#) && records[4].keyText == "{}")
        let marks = all.filter { $0.topic == "transactions" }.map { $0.valueText ?? "" }
        #expect(marks.count == 4)
        #expect(marks[0].hasPrefix(#"{"status":"BEGIN","id":"\#(records[1].header("transaction") ?? "")""#))
        #expect(marks[1].hasPrefix(#"{"status":"END""#) && marks[1].hasSuffix(#","event_count":2}"#))
    }

    @Test("values of all types arrive without loss, at the beginning and from the stream")
    func types() throws {
        try database.run(
            """
            CREATE TYPE mood AS ENUM ('glad', 'sad "x"');
            CREATE DOMAIN positive AS int8 CHECK (value > 0);
            CREATE TABLE t (k int8 PRIMARY KEY, a int2, b positive, c float4, d float8, e numeric, f numeric(40, 20), g bool, h text,
                i bytea, j timestamp, l timestamptz, m date, n time, o interval, p uuid, q json, r jsonb, s int[], u text[], v mood,
                w varchar(9), x char(3), y mood[], z jsonb[], aa timestamptz[], bb float8[], cc int[][], dd inet);
            ALTER TABLE t REPLICA IDENTITY FULL;
            """)
        let configuration = database.source("t")
        defer { database.drop(configuration) }
        let insert =
            """
            INSERT INTO t VALUES ($1, -32768, 9223372036854775807, 0.1, 1e300, 12345678901234567890123456789.123456789012345678901234567890,
                0.00000000000000000001, true, E'tab\\t "quote" \\\\ \\u0001 grüße 😀\\n', '\\x00ff10', '2026-01-02 03:04:05.678901',
                '2026-01-02 03:04:05.5+02', '0044-03-15 BC', '23:59:59.999999', '1 year 2 days 03:04:05.6',
                'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{"b" : 1.00, "a":[ ]}', '{"n": 1.500, "s": "ü"}', '{1,NULL,3}',
                ARRAY['a b', 'NULL', NULL, 'q"\\', '', '{,}'], 'sad "x"', 'short', 'ab', ARRAY['glad', 'sad "x"']::mood[],
                ARRAY['{"a":[1,2]}', 'null']::jsonb[], ARRAY['2026-01-02 03:04:05+00']::timestamptz[],
                ARRAY['NaN', 'Infinity', '-1.5e-7']::float8[], ARRAY[[1,2],[3,4]], '10.0.0.1/8')
            """
        try database.run(insert.replacing("$1", with: "1"))
        try database.run(
            "INSERT INTO t (k, c, d, e, j, l, m, i, h, s) VALUES (2, 'NaN', '-Infinity', 'NaN', 'infinity', '-infinity', 'infinity', '', '', '{}')"
        )
        let topics = Topics(configuration)
        try topics.begin()
        try database.run(insert.replacing("$1", with: "3"))
        let records = try topics.read(until: 3)
        topics.drop()
        let expected = [
            #""k":1"#, #""a":-32768"#, #""b":9223372036854775807"#, #""c":0.1"#, #""d":1e+300"#,
            #""e":12345678901234567890123456789.123456789012345678901234567890"#, #""f":0.00000000000000000001"#,
            #""g":true"#, #""h":"tab\t \"quote\" \\ \u0001 grüße 😀\n""#, #""i":"AP8Q""#,
            #""j":"2026-01-02T03:04:05.678901""#, #""l":"2026-01-02T01:04:05.5Z""#, #""m":"0044-03-15 BC""#,
            #""n":"23:59:59.999999""#, #""o":"P1Y2DT3H4M5.6S""#, #""p":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11""#,
            #""q":{"b" : 1.00, "a":[ ]}"#, #""r":{"n": 1.500, "s": "ü"}"#, #""s":[1,null,3]"#,
            #""u":["a b","NULL",null,"q\"\\","","{,}"]"#, #""v":"sad \"x\"""#, #""w":"short""#, #""x":"ab ""#,
            #""y":["glad","sad \"x\""]"#, #""z":[{"a": [1, 2]},null]"#, #""aa":["2026-01-02T03:04:05Z"]"#,
            #""bb":["NaN","Infinity",-1.5e-07]"#, #""cc":[[1,2],[3,4]]"#, #""dd":"10.0.0.1/8""#,
        ]
        #expect(records[0].valueText == "{" + expected.joined(separator: ",") + "}")
        #expect(records[2].valueText == records[0].valueText?.replacing("\"k\":1", with: "\"k\":3"))
        let second = try #require(records[1].valueText)
        for part in [
            #""c":"NaN","d":"-Infinity","e":"NaN""#, #""j":"infinity","l":"-infinity","m":"infinity""#,
            #""h":"","i":"""#,
            #""s":[]"#, #""a":null"#,
        ] { #expect(second.contains(part), "\(part) in \(second)") }
    }

    @Test("columns that are added, dropped, renamed or of another type are followed")
    func schema() throws {
        try database.run("CREATE TABLE t (k int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1, 1, 1)")
        var configuration = database.source("t")
        configuration.unchangedValues = .table
        defer { database.drop(configuration) }
        let topics = Topics(configuration)
        try topics.begin()
        try database.run("ALTER TABLE t ADD c text DEFAULT 'new'; INSERT INTO t VALUES (2, 2, 2)")
        try database.run("ALTER TABLE t DROP a; UPDATE t SET b = 3 WHERE k = 1")
        try database.run("ALTER TABLE t RENAME b TO bb; UPDATE t SET bb = 4 WHERE k = 1")
        try database.run("ALTER TABLE t ALTER bb TYPE text USING 'is ' || bb; UPDATE t SET c = NULL WHERE k = 1")
        let records = try topics.read(until: 5)
        topics.drop()
        #expect(
            records.map { $0.valueText } == [
                #"{"k":1,"a":1,"b":1}"#, #"{"k":2,"a":2,"b":2,"c":"new"}"#, #"{"k":1,"b":3,"c":"new"}"#,
                #"{"k":1,"bb":4,"c":"new"}"#, #"{"k":1,"bb":"is 4","c":null}"#,
            ])
    }

    @Test("keys of several columns, of the index that is the replica identity, and of partitions of a table")
    func keys() throws {
        try database.run(
            """
            CREATE TABLE a (x text, y int, v int, PRIMARY KEY (y, x));
            CREATE TABLE b (v text NOT NULL, u int); CREATE UNIQUE INDEX b_v ON b (v); ALTER TABLE b REPLICA IDENTITY USING INDEX b_v;
            CREATE TABLE c (k int PRIMARY KEY, v int) PARTITION BY RANGE (k);
            CREATE TABLE c1 PARTITION OF c FOR VALUES FROM (0) TO (10);
            INSERT INTO a VALUES ('p', 1, 1); INSERT INTO b VALUES ('q', 2); INSERT INTO c VALUES (3, 3);
            """)
        var configuration = database.source("public.a", "b", "public.c")
        configuration.unchangedValues = .table
        defer { database.drop(configuration) }
        let topics = Topics(configuration)
        try topics.begin()
        try database.run("UPDATE a SET v = 9; UPDATE b SET v = 'z'; DELETE FROM c")
        let lines = try topics.read(until: 7).map { "\($0.topic) \($0.line)" }
        topics.drop()
        #expect(
            lines == [
                #"public.a r {"x":"p","y":1} {"x":"p","y":1,"v":1}"#, #"public.b r {"v":"q"} {"v":"q","u":2}"#,
                #"public.c r {"k":3} {"k":3,"v":3}"#, #"public.a u {"x":"p","y":1} {"x":"p","y":1,"v":9}"#,
                #"public.b d {"v":"q"} ∅"#, #"public.b c {"v":"z"} {"v":"z","u":2}"#, #"public.c d {"k":3} ∅"#,
            ])
    }
}
