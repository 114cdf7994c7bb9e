import ChildProcesses
import Foundation

/// A `millrace broker` in a separate process, which can be killed and restarted on the same port with the same data.
final class BrokerProcess {
    struct DidNotStart: Error, CustomStringConvertible {
        let description = "the broker stopped while it was starting"
    }

    private let binary: String
    private let dataDirectory: String
    private let options: [String]
    private var process: ChildProcess?
    private(set) var port = 0
    private var programInBytes = 0

    /// - Parameter options: further options of `millrace broker`.
    init(_ binary: String, dataDirectory: String, options: [String] = []) {
        self.binary = binary
        self.dataDirectory = dataDirectory
        self.options = options
    }

    var bootstrapServers: String { "127.0.0.1:\(port)" }

    /// Starts the broker; it listens when this returns.
    func start() throws {
        let output = Pipe()
        // If this process is killed, the broker ends with it.
        process = try ChildProcess(
            URL(filePath: "/usr/bin/setpriv"),
            [
                "--pdeathsig", "KILL", binary, "broker", "--port", "\(port)", "--data-dir", dataDirectory,
                "--log-level", "warning",
            ] + options, output: .pipe(output), errors: .inherited)
        var lines = LineReader(output)
        guard let text = lines.next()?.split(separator: ":").last, let number = Int(text) else { throw DidNotStart() }
        port = number
        programInBytes = try status("RssFile")
    }

    /// The broker's peak resident memory since its start, in bytes, without the pages of its program that were resident when it had
    /// started: those grow with all that the command can do, and not with records.
    func peakMemoryInBytes() throws -> Int { try status("VmHWM") - programInBytes }

    /// Returns a figure of the process's status, in bytes.
    private func status(_ name: String) throws -> Int {
        guard let process else { throw DidNotStart() }
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
        return kibibytes << 10
    }

    /// Kills the broker with SIGKILL and waits for its end.
    func kill() {
        guard let process else { return }
        process.kill()
        process.waitUntilExit()
        self.process = nil
    }
}

/// A folder that is removed with its owner, unless it is kept for inspection.
final class TemporaryFolder {
    let path: String
    var isKept = false

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/broker-load-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        if !isKept { try? FileManager.default.removeItem(atPath: path) }
    }
}
