import Foundation

/// A `millrace broker` in a separate process, which can be killed and restarted on the same port with the same data.
final class BrokerProcess {
    struct DidNotStart: Error, CustomStringConvertible {
        let description = "the broker stopped while it was starting"
    }

    private let binary: String
    private let dataDirectory: String
    private let options: [String]
    private var process: Process?
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
        let process = Process()
        let output = Pipe()
        // If this process is killed, the broker ends with it.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments =
            [
                "--pdeathsig", "KILL", binary, "broker", "--port", "\(port)", "--data-dir", dataDirectory,
                "--log-level",
                "warning",
            ] + options
        process.standardOutput = output
        try process.run()
        self.process = process
        var line = ""
        while !line.contains("\n") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw DidNotStart() }
            line += String(decoding: data, as: UTF8.self)
        }
        guard let text = line.split(separator: "\n").first?.split(separator: ":").last, let number = Int(text) else {
            throw DidNotStart()
        }
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
        Foundation.kill(process.processIdentifier, SIGKILL)
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
