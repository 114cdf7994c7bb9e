import ChildProcesses
import Foundation
import MillracePostgres

/// A PostgreSQL server for measurements, and the programs that come with it.
final class BenchServer {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let programs =
        ProcessInfo.processInfo.environment["MILLRACE_POSTGRES"] ?? "/usr/lib/postgresql/15/bin"
    let folder: URL
    let address: PostgresServer
    private let process: ChildProcess
    private let port: Int

    init(port: Int) throws {
        self.port = port
        folder = FileManager.default.temporaryDirectory.appending(path: "millrace-postgres-bench-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var address = PostgresServer(port: port, database: "postgres", user: "millrace", password: "millrace")
        address.timeLimitMs = 600_000
        self.address = address
        let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        process = try ChildProcess(
            project.appending(path: "postgres"),
            [folder.path, "\(port)", "shared_buffers=256MB", "max_wal_size=8GB"])
        for _ in 0..<600 {
            if (try? query("SELECT 1")) == "1" { return }
            guard process.isRunning else { break }
            Thread.sleep(forTimeInterval: 0.1)
        }
        stop()
        throw Failure(description: "the server on port \(port) does not start")
    }

    func stop() {
        process.stop(SIGINT)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Runs a program of PostgreSQL and returns its output.
    @discardableResult
    func run(_ program: String, _ arguments: [String]) throws -> String {
        let output = Pipe()
        let process = try ChildProcess(
            URL(filePath: Self.programs + "/" + program),
            ["-h", "127.0.0.1", "-p", "\(port)", "-U", "millrace", "-d", "postgres"] + arguments,
            environment: ["PGPASSWORD": "millrace", "PATH": "/usr/bin:/bin"], output: .pipe(output), errors: .inherited)
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(program) ended with \(process.terminationStatus)")
        }
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Runs statements, and returns the answer to the last as text.
    @discardableResult
    func query(_ statements: String) throws -> String {
        try run("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statements])
    }
}
