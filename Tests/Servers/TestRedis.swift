package import Foundation
package import RedisClient

/// A Redis server for tests, with a log of its changes on disk.
package final class TestRedis: Sendable {
    /// The server's process.
    package let process: ServerProcess
    /// The port on 127.0.0.1.
    package let port: Int
    /// The folder of the server.
    package let folder: URL

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - search: whether it is Valkey with RediSearch.
    ///   - settings: settings beside those for tests, as on the command line, such as `["--requirepass", "secret"]`.
    package init(search: Bool = false, _ settings: (_ folder: URL) throws -> [String] = { _ in [] }) throws {
        let port = try freePort()
        self.port = port
        folder = FileManager.default.temporaryDirectory.appending(path: "millrace-redis-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let script = projectFolder.appending(path: "Tools/redis-with-search").path
        var command = [
            "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", "",
        ]
        if search { command = [script, folder.path, "\(port)"] }
        command += ["--appendonly", "yes"]
        process = ServerProcess(command + (try settings(folder)), in: folder) {
            // It listens before it has read its log.
            answer(to: "PING\r\n", on: port).map { !$0.hasPrefix("-LOADING") } ?? false
        }
        try process.start()
    }

    /// The settings of a connection.
    package var settings: RedisSettings {
        var settings = RedisSettings()
        settings.port = port
        // Long enough for a machine that does much else.
        settings.connectTimeout = .seconds(60)
        settings.commandTimeout = .seconds(300)
        return settings
    }

    /// Connects.
    package func connect() async throws -> RedisConnection { try await RedisConnection.connect(settings) }
}
