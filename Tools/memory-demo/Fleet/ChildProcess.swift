import Foundation
import Synchronization

/// A process of the demo, which can be killed and started again. It ends with the demo.
final class ChildProcess: Sendable {
    /// The name for messages.
    let name: String
    private let arguments: [String]
    private let environment: [String: String]
    private let log: URL
    private let identifier: URL
    private let state = Mutex(State())

    private struct State {
        var process: Process?
        var input: FileHandle?
        var lines: [String] = []
        /// The beginning of a line whose end has not arrived.
        var rest = Data()
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
        if !FileManager.default.fileExists(atPath: log.path) {
            _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        }
        let errors = try FileHandle(forWritingTo: log)
        try errors.seekToEnd()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            self?.receive(data)
        }
        try process.run()
        // Whoever has started the demo ends what is left, if the demo is killed.
        try "\(process.processIdentifier)\n".write(to: identifier, atomically: true, encoding: .utf8)
        state.withLock { state in
            state.process = process
            state.input = input.fileHandleForWriting
            state.lines = []
            state.rest = Data()
        }
    }

    private func receive(_ data: Data) {
        state.withLock { state in
            state.rest += data
            while let end = state.rest.firstIndex(of: UInt8(ascii: "\n")) {
                state.lines.append(String(decoding: state.rest[..<end], as: UTF8.self))
                state.rest = Data(state.rest[state.rest.index(after: end)...])
            }
        }
    }

    /// The lines that it has written since the last call.
    func takeLines() -> [String] {
        state.withLock { state in
            defer { state.lines = [] }
            return state.lines
        }
    }

    /// Writes a line to its input.
    func send(_ line: String) {
        state.withLock { state in try? state.input?.write(contentsOf: Data("\(line)\n".utf8)) }
    }

    var isRunning: Bool { state.withLock { $0.process?.isRunning ?? false } }

    /// Ends it at once, as a crash would.
    func kill() {
        guard let process = state.withLock({ $0.process }), process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Asks it to end, and waits.
    func stop(_ signal: Int32 = SIGTERM) {
        guard let process = state.withLock({ $0.process }), process.isRunning else { return }
        Foundation.kill(process.processIdentifier, signal)
        let deadline = ContinuousClock.now + .seconds(20)
        while process.isRunning, ContinuousClock.now < deadline { usleep(20_000) }
        kill()
    }

    /// The last lines of its log.
    var lastWords: String {
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(8).joined(separator: "\n")
    }
}
