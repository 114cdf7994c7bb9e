import CSpawn
package import Foundation
import Synchronization

/// A process that this one starts, for tests and tools.
///
/// Foundation's `Process` is not used, because its `run` has crashed in a test process with many threads and open files.
package final class ChildProcess: Sendable {
    /// The reason why the system did not start a process.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package let processIdentifier: Int32
    /// They are kept, because a pipe that nobody keeps is closed.
    private let streams: [ProcessStream]
    private let status = Mutex<Int32?>(nil)
    private let end = DispatchGroup()

    /// Starts a process.
    ///
    /// - Parameter environment: its variables; `nil` for those of this process.
    /// - Throws: `Failure`.
    package init(
        _ program: URL, _ arguments: [String], environment: [String: String]? = nil,
        input: ProcessStream = .nothing, output: ProcessStream = .nothing, errors: ProcessStream = .nothing
    ) throws {
        streams = [input, output, errors]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, stream) in zip(Int32(0)..., streams) {
            guard let handle = stream.handle(for: number) else { continue }
            posix_spawn_file_actions_adddup2(&actions, handle.fileDescriptor, number)
        }
        millrace_spawn_close_from(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The signals are those of a process that a shell has started.
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let variables = (environment ?? ProcessInfo.processInfo.environment).map { "\($0.key)=\($0.value)" }
        var arguments = ([program.path] + arguments).map { strdup($0) } + [nil]
        var environment = variables.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var identifier: Int32 = 0
        let code = posix_spawn(&identifier, program.path, &actions, &attributes, &arguments, &environment)
        guard code == 0 else { throw Failure(description: "\(program.path): \(String(cString: strerror(code)))") }
        processIdentifier = identifier
        for (number, stream) in zip(Int32(0)..., streams) { stream.closeAfterStart(number) }
        awaitEnd()
    }

    private func awaitEnd() {
        end.enter()
        let thread = Thread { [self] in
            var code: Int32 = 0
            while waitpid(processIdentifier, &code, 0) < 0, errno == EINTR {}
            let signal = code & 0x7F
            status.withLock { $0 = signal == 0 ? code >> 8 & 0xFF : signal }
            end.leave()
        }
        thread.stackSize = 256 << 10
        thread.start()
    }

    /// The status with which the process ended, or the number of the signal that ended it; 0 while it runs.
    package var terminationStatus: Int32 { status.withLock { $0 } ?? 0 }

    package var isRunning: Bool { status.withLock { $0 } == nil }

    /// Sends a signal, unless the process has ended.
    package func signal(_ number: Int32) {
        status.withLock { if $0 == nil { Foundation.kill(processIdentifier, number) } }
    }

    package func interrupt() { signal(SIGINT) }
    package func terminate() { signal(SIGTERM) }
    package func kill() { signal(SIGKILL) }

    /// Blocks until the process has ended.
    package func waitUntilExit() { end.wait() }

    /// Blocks until the process has ended, or some time has passed. Returns whether it has ended.
    package func waitUntilExit(within limit: DispatchTimeInterval) -> Bool {
        end.wait(timeout: .now() + limit) == .success
    }

    /// Asks the process to end, by SIGTERM if nothing else is said, and blocks until it has.
    package func stop(_ number: Int32 = SIGTERM) {
        signal(number)
        waitUntilExit()
    }

    /// Waits until the process has ended, and returns its ``terminationStatus``.
    package func exit() async -> Int32 {
        await withCheckedContinuation { continuation in end.notify(queue: .global()) { continuation.resume() } }
        return terminationStatus
    }
}
