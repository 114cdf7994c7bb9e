import ChildProcesses
package import Foundation
import Synchronization

/// A server of another system that a test starts, kills and starts again, on a port of 127.0.0.1.
package final class ServerProcess: Sendable {
    /// The reason why a server did not start.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let command: [String]
    private let stopSignal: Int32
    private let isReady: @Sendable () -> Bool
    private let process = Mutex<ChildProcess?>(nil)
    /// The folder of the server, which goes with this object.
    package let folder: URL
    private var log: URL { folder.appending(path: "log") }

    /// - Parameters:
    ///   - command: the program and its arguments; it stays in the foreground.
    ///   - folder: where the server keeps its data. It is deleted at the end.
    ///   - stopSignal: the signal by which the server ends without waiting for its clients.
    ///   - isReady: whether the server answers.
    package init(
        _ command: [String], in folder: URL, stopSignal: Int32 = SIGTERM, isReady: @escaping @Sendable () -> Bool
    ) {
        self.command = command
        self.folder = folder
        self.stopSignal = stopSignal
        self.isReady = isReady
    }

    deinit {
        kill()
        Leftovers.forget(folder)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Starts the server and waits until it answers.
    ///
    /// - Throws: `Failure` if it does not, again and again, for 5 minutes.
    package func start() throws {
        let deadline = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < deadline {
            let process = try launch()
            while ContinuousClock.now < deadline, process.isRunning {
                if isReady() { return }
                Thread.sleep(forTimeInterval: 0.05)
            }
            // What a killed server has left behind may hold a new one up for a moment.
        }
        kill()
        throw Failure(description: "\(command.joined(separator: " ")) does not start: \(text)")
    }

    private func launch() throws -> ChildProcess {
        try Data().write(to: log)
        let output = try ProcessStream.log(log)
        let process = try ChildProcess(URL(filePath: "/usr/bin/env"), command, output: output, errors: output)
        Leftovers.end(process.processIdentifier, atExitOf: folder)
        self.process.withLock { $0 = process }
        return process
    }

    /// The server's log of its last run.
    package var text: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Ends the server as an operator does, and waits for its end.
    package func stop() { end(by: stopSignal) }

    /// Ends the server by SIGKILL, and waits for its end.
    package func kill() { end(by: SIGKILL) }

    /// Stops the server's time, so that it answers nothing and keeps its connections.
    package func freeze() { signal(SIGSTOP) }

    /// Lets a frozen server go on.
    package func thaw() { signal(SIGCONT) }

    private func end(by number: Int32) {
        guard let process = process.withLock({ $0 }) else { return }
        process.signal(number)
        process.waitUntilExit()
    }

    private func signal(_ number: Int32) { process.withLock { $0 }?.signal(number) }
}

/// The servers that are ended with the test process: those in global variables are never released.
private enum Leftovers {
    private static let servers = Mutex<[String: Int32]>([:])
    private static let registration: Void = {
        atexit { Leftovers.endAll() }
    }()

    /// Notes the process of the server in a folder, instead of the one before.
    static func end(_ process: Int32, atExitOf folder: URL) {
        _ = registration
        servers.withLock { $0[folder.path] = process }
    }

    static func forget(_ folder: URL) { servers.withLock { _ = $0.removeValue(forKey: folder.path) } }

    private static func endAll() {
        for (folder, process) in servers.withLock({ $0 }) {
            kill(process, SIGKILL)
            try? FileManager.default.removeItem(atPath: folder)
        }
    }
}

/// The project's folder.
package let projectFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
