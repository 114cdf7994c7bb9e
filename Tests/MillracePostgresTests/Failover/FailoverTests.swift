import ChildProcesses
import Foundation
import MillraceConnect
import PostgresClient
import Servers
import Testing

@testable import MillracePostgres

@Suite("Failover of PostgreSQL", .timeLimit(.minutes(30)))
struct FailoverTests {
    private static let way = " To read all rows again and go on from there, set onLostChanges to \"snapshot\"."
    private let primary: TestPostgres
    private let database: Database

    init() throws {
        primary = try TestPostgres(["wal_keep_size=256MB"])
        database = try Database(primary)
        try database.run(
            "CREATE TABLE t (k int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0); CREATE TABLE s (k int PRIMARY KEY, v int)"
        )
    }

    private var sink: PostgresSinkConfiguration {
        PostgresSinkConfiguration(server: database.address, name: "sink", topics: ["in"], table: "s")
    }

    /// The latest values as the topic has to have them.
    private func expected(_ connection: PostgresConnection) throws -> [String: String] {
        let rows = try connection.run("SELECT k, v FROM t").texts
        return Dictionary(
            uniqueKeysWithValues: rows.map {
                (#"{"k":\#($0[0] ?? "")}"#, #"{"k":\#($0[0] ?? ""),"v":\#($0[1] ?? "")}"#)
            })
    }

    /// Waits until a standby has all that the primary has.
    private func awaitReplay(_ standby: TestPostgres) throws {
        let end = try database.connection.run("SELECT pg_current_wal_lsn()").text(row: 0, column: 0) ?? ""
        let connection = try standby.connect(to: database.name)
        while try connection.run("SELECT pg_last_wal_replay_lsn() >= '\(end)'").text(row: 0, column: 0) != "t" {}
    }

    private func promote(_ standby: TestPostgres) throws -> PostgresConnection {
        let connection = try standby.connect(to: database.name)
        #expect(try connection.run("SELECT pg_promote(true, 600)").text(row: 0, column: 0) == "t")
        return connection
    }

    private func message(_ configuration: PostgresSourceConfiguration, from position: SourcePosition?) throws -> String
    {
        let error = try #require(throws: ConnectorError.self) { try Topics(configuration, from: position).open() }
        #expect(error.kind == .permanent)
        return error.message
    }

    private func records(_ range: Range<Int>) -> [SinkRecord] {
        range.map {
            SinkRecord(
                partition: SinkTests.partition, offset: Int64($0), key: Array("\($0 % 3)".utf8),
                value: Array("{\"v\":\($0)}".utf8))
        }
    }

    @Test("a standby that had everything: the slot is missing or begins later, and a new reading goes on")
    func complete() throws {
        let standby = try TestPostgres(standbyOf: primary)
        let configuration = database.source("t")
        let before = Topics(configuration)
        try before.begin()
        try database.run("UPDATE t SET v = 1 WHERE k = 1")
        try before.read(until: expected(database.connection))
        before.drop()
        try awaitReplay(standby)

        var moved = configuration
        moved.server.port = standby.port
        let early = try #require(throws: ConnectorError.self) { try Topics(moved, from: before.position).open() }
        #expect(early.kind == .temporary)
        #expect(
            early.message
                == "PostgreSQL at 127.0.0.1:\(standby.port) is a standby: name the primary, or promote this one. With several hosts, target_session_attrs = read-write finds the primary."
        )
        var movedSink = sink
        movedSink.server.port = standby.port
        let earlySink = try #require(throws: ConnectorError.self) { try PostgresSink(movedSink).open() }
        #expect(earlySink == early)

        primary.process.kill()
        let connection = try promote(standby)
        let position = try SlotPosition(#require(before.position))
        #expect(
            try message(moved, from: before.position)
                == "The slot \(configuration.slot) is missing: it was dropped, or a failover went to a server without it. Changes after \(position.lsn) are lost."
                + Self.way)
        try connection.run("UPDATE t SET v = 2 WHERE k = 2; INSERT INTO t VALUES (3, 0)")
        try connection.run("SELECT pg_create_logical_replication_slot('\(configuration.slot)', 'pgoutput')")
        let ahead = try message(moved, from: before.position)
        #expect(ahead.hasPrefix("The slot \(configuration.slot) was confirmed up to "), "\(ahead)")
        #expect(ahead.hasSuffix(" The changes between are lost." + Self.way), "\(ahead)")

        moved.onLostChanges = .snapshot
        let after = Topics(moved, from: before.position)
        try after.read(until: expected(connection))
        try connection.run("DELETE FROM t WHERE k = 2; UPDATE t SET v = 5 WHERE k = 1")
        while after.table[#"{"k":2}"#] != nil || after.table[#"{"k":1}"#] != #"{"k":1,"v":5}"# {
            try after.read()
            try after.commit()
        }
        after.drop()
        // The position counts on the new server, also without the setting.
        moved.onLostChanges = .fail
        try connection.run("INSERT INTO t VALUES (4, 4)")
        let next = Topics(moved, from: after.position)
        try next.read(until: 1)
        #expect(next.records.map(\.line) == [#"c {"k":4} {"k":4,"v":4}"#])
        next.drop()
    }

    @Test("a standby that lacked the last changes: the source says so, and the sink writes again what went")
    func lagging() throws {
        let standby = try TestPostgres(standbyOf: primary)
        let configuration = database.source("t")
        let before = Topics(configuration)
        try before.begin()
        let writer = try PostgresSink(sink).open()
        #expect(try writer.begin([SinkTests.partition]).isEmpty)
        _ = try writer.write(records(0..<4))
        try writer.commit([SinkTests.partition: 4])
        try awaitReplay(standby)
        standby.process.stop()

        try database.run("UPDATE t SET v = 9; INSERT INTO t VALUES (7, 7)")
        try before.read(until: expected(database.connection))
        before.drop()
        _ = try writer.write(records(4..<9))
        try writer.commit([SinkTests.partition: 9])
        writer.close()
        primary.process.kill()
        try standby.process.start()
        let connection = try promote(standby)

        var moved = configuration
        moved.server.port = standby.port
        let sentence = try message(moved, from: before.position)
        #expect(sentence.hasPrefix("The server was replaced by a failover at "), "\(sentence)")
        #expect(sentence.hasSuffix(", which the new server never had." + Self.way), "\(sentence)")
        moved.onLostChanges = .snapshot
        let after = Topics(moved, from: before.position)
        try after.read(until: expected(connection))
        #expect(after.table == [#"{"k":1}"#: #"{"k":1,"v":0}"#, #"{"k":2}"#: #"{"k":2,"v":0}"#])
        after.drop()

        var movedSink = sink
        movedSink.server.port = standby.port
        let again = try PostgresSink(movedSink).open()
        #expect(try again.begin([SinkTests.partition]) == [SinkTests.partition: 4])
        _ = try again.write(records(4..<9))
        try again.commit([SinkTests.partition: 9])
        again.close()
        #expect(try connection.run("SELECT k, v FROM s ORDER BY k").texts == [["0", "6"], ["1", "7"], ["2", "8"]])
    }

    @Test("a server whose files were set back: the source says so, and a new reading goes on")
    func setBack() throws {
        let configuration = database.source("t")
        let topics = Topics(configuration)
        try topics.begin()
        topics.drop()
        let data = primary.process.folder.appending(path: "data").path
        primary.process.stop()
        try run("cp", "-a", data, data + ".old")
        try primary.process.start()
        // More than the log grows by the start of the older one.
        let later = try primary.connect(to: database.name)
        try later.run("UPDATE t SET v = 3; SELECT pg_switch_wal(); INSERT INTO t VALUES (8, 8); SELECT pg_switch_wal()")
        try later.run("UPDATE t SET v = 4")
        try topics.read(until: expected(later))
        topics.drop()
        primary.process.stop()
        try run("rm", "-r", data)
        try run("mv", data + ".old", data)
        try primary.process.start()

        let sentence = try message(configuration, from: topics.position)
        #expect(sentence.hasPrefix("The server's log ends at "), "\(sentence)")
        #expect(sentence.hasSuffix(": the server was set back to an earlier state." + Self.way), "\(sentence)")
        var renewed = configuration
        renewed.onLostChanges = .snapshot
        let after = Topics(renewed, from: topics.position)
        let connection = try primary.connect(to: database.name)
        try connection.run("UPDATE t SET v = 1 WHERE k = 1")
        try after.read(until: expected(connection))
        after.drop()
    }

    private func run(_ command: String...) throws {
        let process = try ChildProcess(URL(filePath: "/usr/bin/env"), command)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
