import Foundation
package import PostgresClient

/// A PostgreSQL server for tests.
package final class TestPostgres: Sendable {
    /// The server's process.
    package let process: ServerProcess
    /// The port on 127.0.0.1.
    package let port: Int

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - settings: settings beside those of `Tools/postgres`, such as `max_replication_slots=1`.
    ///   - hasVectors: whether the server has pgvector.
    ///   - primary: the server whose copy this one is and follows; `nil`, the default, for a server of its own.
    package init(_ settings: [String] = [], hasVectors: Bool = false, standbyOf primary: TestPostgres? = nil) throws {
        let port = try freePort()
        self.port = port
        let folder = FileManager.default.temporaryDirectory.appending(path: "millrace-postgres-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let script = projectFolder.appending(path: hasVectors ? "Tools/postgres-vectors" : "Tools/postgres").path
        process = ServerProcess(
            [script] + (primary.map { ["--standby-of", "\($0.port)"] } ?? []) + [folder.path, "\(port)"] + settings,
            in: folder,
            stopSignal: SIGINT
        ) {
            (try? PostgresConnection(Self.settings(port), limitMs: 1_000)) != nil
        }
        try process.start()
    }

    private static func settings(_ port: Int) -> PostgresSettings {
        ["host": "127.0.0.1", "port": "\(port)", "user": "millrace", "password": "millrace", "dbname": "postgres"]
    }

    /// The settings of a connection.
    package var settings: PostgresSettings { Self.settings(port) }

    /// Connects.
    package func connect(limitMs: Int = 300_000) throws -> PostgresConnection {
        try PostgresConnection(settings, limitMs: limitMs)
    }

    /// Connects for replication.
    package func connectForReplication() throws -> PostgresConnection {
        var settings = settings
        settings["replication"] = "database"
        return try PostgresConnection(settings, limitMs: 300_000)
    }
}
