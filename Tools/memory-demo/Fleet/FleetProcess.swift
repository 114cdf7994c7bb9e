import ChildProcesses
import Foundation
import Synchronization

/// A process of the demo, which can be killed and started again. It ends with the demo.
final class FleetProcess: Sendable {
    /// The name for messages.
    let name: String
    private let arguments: [String]
    private let environment: [String: String]
    private let log: URL
    private let identifier: URL
    private let state = Mutex(State())

    private struct State {
        var process: ChildProcess?
        var input: FileHandle?
        var output = LineBuffer()
    }

    /// Describes a process, which does not run yet.
    ///
    /// - Parameters:
    ///   - arguments: the program and its arguments.
    ///   - folder: the folder of its log.
    init(_ name: String, _ arguments: [String], environment: [String: String] = [:], folder: URL) {
        self.name = name
        self.arguments = arguments
        self.environment = environment
        log = folder.appending(path: "\(name).log")
        identifier = folder.appending(path: "\(name).pid")
    }

    deinit { kill() }

    func start() throws {
        let (input, output) = (Pipe(), Pipe())
        let process = try ChildProcess(
            URL(filePath: "/usr/bin/env"), arguments,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
            input: .pipe(input), output: .pipe(output), errors: .log(log))
        state.withLock { $0 = State(process: process, input: input.fileHandleForWriting) }
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            self?.state.withLock { $0.output.append(data) }
        }
        // Whoever has started the demo ends what is left, if the demo is killed.
        try "\(process.processIdentifier)\n".write(to: identifier, atomically: true, encoding: .utf8)
    }

    /// The lines that it has written since the last call.
    func takeLines() -> [String] {
        state.withLock { state in
            var lines: [String] = []
            while let line = state.output.next() { lines.append(line) }
            return lines
        }
    }

    /// Writes a line to its input.
    func send(_ line: String) {
        state.withLock { state in try? state.input?.write(contentsOf: Data("\(line)\n".utf8)) }
    }

    var isRunning: Bool { state.withLock { $0.process?.isRunning ?? false } }

    /// Ends it at once, as a crash would.
    func kill() {
        state.withLock { $0.process }?.stop(SIGKILL)
    }

    /// Asks it to end, and waits.
    func stop(_ signal: Int32 = SIGTERM) {
        guard let process = state.withLock({ $0.process }), process.isRunning else { return }
        process.signal(signal)
        if !process.waitUntilExit(within: .seconds(20)) { kill() }
    }

    /// The last lines of its log.
    var lastWords: String {
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(8).joined(separator: "\n")
    }
}
