import Foundation

/// A `millrace broker` of its own, which is killed and started again on the same port with the same data.
final class BrokerProcess {
    struct DidNotStart: Error, CustomStringConvertible {
        let description = "the broker stopped at its start"
    }

    private let binary: String
    private let dataDirectory: String
    private var process: Process?
    private(set) var port = 0

    init(_ binary: String, dataDirectory: String) {
        self.binary = binary
        self.dataDirectory = dataDirectory
    }

    var bootstrapServers: String { "127.0.0.1:\(port)" }

    /// Starts it; it listens when this returns.
    func start() throws {
        let process = Process()
        let output = Pipe()
        // Should this process be killed itself, the broker goes with it.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments = [
            "--pdeathsig", "KILL", binary, "broker", "--port", "\(port)", "--data-dir", dataDirectory,
            // Small files, so that some kills meet one being begun.
            "--journal-file-bytes", "500000", "--log-level", "warning",
        ]
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
    }

    /// Kills it with SIGKILL and waits for its end.
    func kill() {
        guard let process else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }
}

/// A folder that goes with whoever made it, unless it is to be looked at.
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
