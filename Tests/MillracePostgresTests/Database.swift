import Foundation
import MillraceConnect
import MillracePostgres
import PostgresClient
import Servers
import Testing

/// The servers that the tests of this module share.
let postgres = Result { try TestPostgres() }

/// A database for one test, so that tests do not see each other's tables.
struct Database {
    let server: TestPostgres
    let name: String
    let connection: PostgresConnection

    init(_ server: TestPostgres) throws {
        self.server = server
        name = "t\(UInt32.random(in: 0 ... .max))"
        try server.connect().run("CREATE DATABASE \(name)")
        connection = try server.connect(to: name)
    }

    init() throws { try self.init(postgres.get()) }

    /// The database as connectors are told.
    var address: PostgresServer {
        var server = PostgresServer(port: server.port, database: name, user: "millrace", password: "millrace")
        server.timeLimitMs = 300_000
        return server
    }

    /// A configuration of a source with a slot of its own.
    func source(_ tables: String...) -> PostgresSourceConfiguration {
        var configuration = PostgresSourceConfiguration(
            server: address, tables: tables, slot: "s\(UInt32.random(in: 0 ... .max))")
        configuration.publication = "p_\(name)"
        return configuration
    }

    func run(_ statements: String) throws { try connection.run(statements) }

    /// Drops a slot at the end of a test: a server has room for few.
    func drop(_ configuration: PostgresSourceConfiguration) {
        let condition = "FROM pg_replication_slots WHERE slot_name = '\(configuration.slot)'"
        while let rows = try? connection.run("SELECT active_pid \(condition)"), rows.rowCount > 0 {
            _ = try? connection.run("SELECT pg_terminate_backend(active_pid), active_pid IS NULL \(condition)")
            _ = try? connection.run("SELECT pg_drop_replication_slot(slot_name) \(condition) AND NOT active")
        }
    }
}

extension SinkWriter {
    /// Writes records and waits for all refusals.
    func take(_ records: [SinkRecord]) throws -> [RefusedSinkRecord] {
        let refused = try write(records)
        return refused + (try finish())
    }
}

extension TestPostgres {
    /// Connects to a database.
    func connect(to database: String) throws -> PostgresConnection {
        var settings = settings
        settings["dbname"] = database
        return try PostgresConnection(settings, limitMs: 300_000)
    }
}
