import ChildProcesses
import Foundation

/// A whole `millrace connect` with a broker of its own, from its first commit to the last. The stream's group shows how far it is.
struct ConnectTurn {
    let millrace: String
    let server: BenchServer
    let brokerPort: Int
    let number: Int

    func run(_ entries: Int) throws -> Turn {
        let broker = try BenchBroker(millrace: millrace, port: brokerPort)
        defer { broker.stop() }
        let group = "bench-\(number)"
        let folder = server.folder.appending(path: group)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "connect.json")
        try Data(
            """
            {"name": "\(group)", "bootstrapServers": ["\(broker.address)"], "connectors": {"bench": {
              "type": "redis-streams-source", "server": {"port": \(server.port)}, "streams": {"\(BenchServer.stream)": "bench"},
              "group": "\(group)"}}}
            """.utf8
        ).write(to: file)
        let log = folder.appending(path: "connect.log")
        let connect = try ChildProcess(
            URL(filePath: millrace), ["connect", file.path, "--log-level", "warning"], output: .log(log),
            errors: .log(log))
        defer { connect.stop() }
        return try watch(connect, group, entries, log)
    }

    private func watch(_ connect: ChildProcess, _ group: String, _ entries: Int, _ log: URL) throws -> Turn {
        var first: (time: ContinuousClock.Instant, cpu: Double, lag: Int)?
        let deadline = ContinuousClock.now + .seconds(900)
        while ContinuousClock.now < deadline {
            guard connect.isRunning else { throw Failure("the connector has ended: \(words(of: log))") }
            let (lag, time) = (try server.lag(of: group) ?? entries, ContinuousClock.now)
            if first == nil, lag < entries { first = (time, ProcessFigures(connect.processIdentifier).cpuSeconds, lag) }
            if let first, lag == 0 {
                guard first.lag > entries / 2 else { throw Failure("the stream is too short to measure") }
                let figures = ProcessFigures(connect.processIdentifier)
                return Turn(
                    entries: first.lag, seconds: (time - first.time) / .seconds(1),
                    cpuSeconds: figures.cpuSeconds - first.cpu, peakInMiB: figures.peakInMiB)
            }
            Thread.sleep(forTimeInterval: 0.005)
        }
        throw Failure("the connector has not read everything: \(words(of: log))")
    }

    private func words(of log: URL) -> String {
        String(((try? String(contentsOf: log, encoding: .utf8)) ?? "").suffix(2_000))
    }
}
