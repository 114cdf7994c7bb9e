import MillraceConnect
import PostgresClient
import Servers
import Testing

@testable import MillracePostgres

@Suite("Positions of a PostgreSQL source", .timeLimit(.minutes(15)))
struct SourcePositionTests {
    private let database: Database

    init() throws { database = try Database() }

    @Test("a position is read as it was written, and anything else is refused")
    func texts() throws {
        var position = SlotPosition(system: "73", timeline: 2, lsn: .init(rawValue: 1 << 40 + 5), timeMs: -5)
        position.tables = [16_385: 0xABC, 7: 0]
        #expect(try SlotPosition(position.source) == position)
        (position.commit, position.skip) = (.init(rawValue: 9), 12)
        for after in [[], [""], ["a b=,x", "", "ü"]] {
            position.snapshot = .init(table: 5, after: after)
            #expect(try SlotPosition(position.source) == position)
        }
        for text in ["", "lsn=0/0", "7", "lsn=0/0 system=1 timeline=1 time=x", position.source.rawValue + " after=q"] {
            #expect(throws: ConnectorError.self) { try SlotPosition(SourcePosition(rawValue: text)) }
        }
    }

    @Test("reading goes on after each commit, whatever was read since: nothing is lost, nothing comes twice")
    func resume() throws {
        try database.run(
            "CREATE TABLE t (k int PRIMARY KEY, v int); INSERT INTO t SELECT i, 0 FROM generate_series(1, 50) i")
        var configuration = database.source("t")
        configuration.splitCount = 7
        defer { database.drop(configuration) }
        let topics = Topics(configuration)
        var random = SystemRandomNumberGenerator()
        try topics.begin()
        for round in 1...6 {
            try database.run(
                "UPDATE t SET v = \(round); INSERT INTO t VALUES (\(100 + round), 0); DELETE FROM t WHERE k = \(round)")
        }
        let total = 50 + (1...6).reduce(0) { $0 + (51 - $1 + 1) + 1 + ($1 - 1) }
        while topics.records.count < total {
            if try topics.read(3), Bool.random(using: &random) { try topics.commit() }
            if Int.random(in: 0..<4, using: &random) == 0 { topics.drop() }
        }
        try topics.begin()
        #expect(topics.records.count == total)
        let rows = try database.connection.run("SELECT k, v FROM t").texts
        topics.drop()
        let expected = Dictionary(
            uniqueKeysWithValues: rows.map {
                (#"{"k":\#($0[0] ?? "")}"#, #"{"k":\#($0[0] ?? ""),"v":\#($0[1] ?? "")}"#)
            })
        #expect(topics.table == expected)
        // Each update of a row comes once and in order.
        let values = topics.records.filter { $0.keyText == #"{"k":50}"# }.map { $0.valueText }
        #expect(values == (0...6).map { #"{"k":50,"v":\#($0)}"# })
    }

    @Test(
        "a crash in the middle of the first reading: rows are read behind the last key, and changes since the beginning follow"
    )
    func snapshot() throws {
        try database.run(
            "CREATE TABLE a (k text PRIMARY KEY, v int); CREATE TABLE b (x int, y int, PRIMARY KEY (y, x))")
        try database.run(
            "INSERT INTO a SELECT 'key ' || i, 0 FROM generate_series(1, 30) i; INSERT INTO a VALUES ('', 0)")
        try database.run("INSERT INTO b SELECT i % 3, i FROM generate_series(1, 30) i")
        var configuration = database.source("a", "b")
        configuration.unchangedValues = .table
        defer { database.drop(configuration) }
        let topics = Topics(configuration)
        for round in 0..<12 {
            try topics.read(5)
            if round % 3 != 2 { try topics.commit() }
            topics.drop()
            try database.run("UPDATE a SET v = v + 1 WHERE k < 'key 2'; DELETE FROM b WHERE y = \(round * 2 + 1)")
            try database.run(
                "INSERT INTO b VALUES (9, \(-round)); UPDATE a SET k = 'moved ' || k WHERE k = 'key \(round + 10)'")
        }
        let a = try database.connection.run("SELECT json_build_object('k', k)::text, k, v FROM a").texts
        let b = try database.connection.run("SELECT x, y FROM b").texts
        var expected: [String: String] = [:]
        for row in a { expected[#"{"k":"\#(row[1] ?? "")"}"#] = #"{"k":"\#(row[1] ?? "")","v":\#(row[2] ?? "")}"# }
        for row in b {
            expected[#"{"x":\#(row[0] ?? ""),"y":\#(row[1] ?? "")}"#] = #"{"x":\#(row[0] ?? ""),"y":\#(row[1] ?? "")}"#
        }
        try topics.read(until: expected)
        topics.drop()
        let reads = topics.records.filter { $0.header("op") == "r" }.map { "\($0.topic) \($0.keyText)" }
        #expect(Set(reads).count == reads.count)
    }

    @Test("a table that is added later is read first, and the stream of the others goes on")
    func addedTable() throws {
        try database.run(
            "CREATE TABLE a (k int PRIMARY KEY); CREATE TABLE b (k int PRIMARY KEY); INSERT INTO b VALUES (1)")
        var configuration = database.source("a")
        defer { database.drop(configuration) }
        let before = Topics(configuration)
        try before.begin()
        before.drop()
        try database.run(
            "INSERT INTO a VALUES (5); ALTER PUBLICATION \(configuration.publication) ADD TABLE b; INSERT INTO b VALUES (2)"
        )
        configuration.tables.append("b")
        let topics = Topics(configuration, from: before.position)
        try topics.read(until: [#"{"k":1}"#: #"{"k":1}"#, #"{"k":2}"#: #"{"k":2}"#, #"{"k":5}"#: #"{"k":5}"#])
        topics.drop()
        #expect(
            topics.records.map(\.line).filter { $0.hasPrefix("r") } == [#"r {"k":1} {"k":1}"#, #"r {"k":2} {"k":2}"#])
    }

    @Test(
        "lost changes fail with a sentence, and are read anew if that is set: a slot that is missing, ahead, or lost, another server"
    )
    func losses() throws {
        let server = try TestPostgres(["max_slot_wal_keep_size=1MB", "min_wal_size=32MB", "max_wal_size=32MB"])
        let database = try Database(server)
        try database.run("CREATE TABLE t (k int PRIMARY KEY); INSERT INTO t VALUES (1)")
        let configuration = database.source("t")
        let first = Topics(configuration)
        try first.begin()
        first.drop()
        let position = try #require(first.position)
        func loss() throws -> String {
            let error = try #require(throws: ConnectorError.self) { try Topics(configuration, from: position).open() }
            #expect(error.kind == .permanent)
            return error.message
        }
        let way = " To read all rows again and go on from there, set onLostChanges to \"snapshot\"."

        try database.run("INSERT INTO t VALUES (2)")
        while try database.connection.run("SELECT 1 FROM pg_replication_slots WHERE active").rowCount > 0 {}
        try database.run("SELECT pg_replication_slot_advance('\(configuration.slot)', pg_current_wal_lsn())")
        #expect(try loss().hasPrefix("The slot \(configuration.slot) was confirmed up to "))
        #expect(try loss().hasSuffix(" The changes between are lost." + way))

        for _ in 0..<4 {
            try database.run(
                "SELECT pg_switch_wal(); CREATE TABLE IF NOT EXISTS other (i int); INSERT INTO other VALUES (1)")
        }
        try database.run("CHECKPOINT")
        #expect(
            try loss()
                == "The slot \(configuration.slot) is lost (wal_status = lost), because the server had to keep more log for it than max_slot_wal_keep_size allows. Changes after \(try SlotPosition(position).lsn) are lost."
                + way)

        var renewed = configuration
        renewed.onLostChanges = .snapshot
        let again = Topics(renewed, from: position)
        try again.read(until: [#"{"k":1}"#: #"{"k":1}"#, #"{"k":2}"#: #"{"k":2}"#])
        #expect(again.losses.count == 1 && again.losses.first?.recordCount == nil)
        #expect(
            again.losses.first?.sentence.hasSuffix("Changes after \(try SlotPosition(position).lsn) are lost.") == true)
        again.drop()

        database.drop(configuration)
        #expect(
            try loss().hasPrefix(
                "The slot \(configuration.slot) is missing: it was dropped, or a failover went to a server without it.")
        )

        var other = self.database.source("t")
        try self.database.run("CREATE TABLE t (k int PRIMARY KEY)")
        let foreign = try #require(throws: ConnectorError.self) { try Topics(other, from: position).open() }
        #expect(foreign.message.contains(" is another one than before (system identifier "))
        other.onLostChanges = .snapshot
        defer { self.database.drop(other) }
        try Topics(other, from: position).open()

        var ahead = try SlotPosition(position)
        ahead.lsn = .init(rawValue: 1 << 50)
        try database.run("SELECT pg_create_logical_replication_slot('\(configuration.slot)', 'pgoutput')")
        let future = try #require(throws: ConnectorError.self) { try Topics(configuration, from: ahead.source).open() }
        #expect(future.message.contains("before the position 40000/0 up to which the topic has changes"), "\(future)")
    }

    @Test("a failover is noticed by the history of timelines")
    func timelines() {
        let history = "1\t0/3000158\tno recovery target specified\n\n2\t0/5000000\tafter LSN 0/5000000\n"
        #expect(SystemFacts.end(ofTimeline: 1, in: history) == LogSequenceNumber("0/3000158"))
        #expect(SystemFacts.end(ofTimeline: 2, in: history) == LogSequenceNumber("0/5000000"))
        #expect(SystemFacts.end(ofTimeline: 7, in: history) == LogSequenceNumber("0/0"))
    }

    @Test(
        "an idle slot follows the log by positions without records, and a server that is stopped in the meantime is not held up"
    )
    func idle() throws {
        let server = try TestPostgres()
        let database = try Database(server)
        try database.run("CREATE TABLE t (k int PRIMARY KEY); CREATE TABLE other (k int)")
        let topics = Topics(database.source("t"))
        try topics.begin()
        let before = try SlotPosition(try #require(topics.position))
        for _ in 0..<3 { try database.run("INSERT INTO other VALUES (1); SELECT pg_switch_wal()") }
        while try SlotPosition(try #require(topics.position)).lsn.rawValue < before.lsn.rawValue + 30 << 20 {
            if try topics.read() { try topics.commit() }
        }
        #expect(topics.records.isEmpty)
        while true {
            let confirmed = try database.connection.run("SELECT confirmed_flush_lsn FROM pg_replication_slots").text(
                row: 0, column: 0)
            #expect(
                try LogSequenceNumber(confirmed ?? "") ?? .init(rawValue: 0)
                    <= SlotPosition(try #require(topics.position)).lsn)
            if let confirmed, LogSequenceNumber(confirmed) != nil { break }
        }
        let stopping = Task.detached { server.process.stop() }
        while true {
            do { if try topics.read() { try topics.commit() } } catch { break }
        }
        topics.drop()
        _ = stopping
    }
}
