import ChildProcesses
import Foundation
import MillraceConnect
import MillraceRedis
import RedisClient

/// A Redis server for measurements, with a stream.
final class BenchServer {
    static let stream = "bench"
    static let entrySizeInBytes = 60
    let folder: URL
    let port: Int
    private let process: ChildProcess
    private let connection: RedisConnection

    init(port: Int) throws {
        self.port = port
        folder = FileManager.default.temporaryDirectory.appending(path: "millrace-redis-bench-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        process = try ChildProcess(
            URL(filePath: "/usr/bin/env"),
            ["redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", ""])
        var settings = RedisSettings()
        settings.port = port
        settings.commandTimeout = .seconds(600)
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                connection = try RedisConnection.connectAndWait(settings)
                break
            } catch {
                guard process.isRunning, ContinuousClock.now < deadline else {
                    process.stop()
                    throw Failure("redis-server on port \(port) does not start: \(error)")
                }
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
    }

    func stop() {
        process.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    func ask(_ commands: [RedisCommand]) throws -> [RedisValue] {
        let answers = try connection.start(commands).wait()
        for case .failure(let words) in answers { throw Failure(words) }
        return answers
    }

    /// Adds entries to the stream.
    func fill(_ count: Int) throws {
        for start in stride(from: 0, to: count, by: 1_000) {
            _ = try ask(
                (start..<min(count, start + 1_000)).map { number in
                    [
                        "XADD", .init(Self.stream), "*", "account", "account-\(number % 5_000)", "amount",
                        "\(number).25",
                        "text", "text of the entry \(number)",
                    ]
                })
        }
    }

    /// Reads the stream with the source's reader, as a task does, but into nowhere.
    func read(_ entries: Int) throws -> Turn {
        var configuration = RedisStreamsSource.Configuration(topics: [Self.stream: "bench"])
        configuration.server.port = port
        let source = try RedisStreamsSource(configuration)
        return try Turn.measured(entries) {
            let reader = try source.open(Self.stream, from: nil)
            var found = 0
            while found < entries { found += try reader.read(1_000, withinMs: 1_000).records.count }
            reader.close()
        }
    }

    /// The number of entries that a group has not been given; `nil` if there is no such group.
    func lag(of group: String) throws -> Int? {
        let groups = try ask([["XINFO", "GROUPS", .init(Self.stream)]])[0].elements ?? []
        return groups.lazy.compactMap(\.dictionary).first { $0["name"]?.text == group }
            .flatMap { $0["lag"]?.integer.map(Int.init) }
    }
}
