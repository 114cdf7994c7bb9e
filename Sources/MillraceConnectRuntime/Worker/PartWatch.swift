import Dispatch
import Logging
import Millrace
import MillraceConnect
import MillraceRuntime
import Synchronization

/// The parts of a source, which is asked again now and then, so that a table that is added gets a task. It has a thread, because the
/// answer may take long.
final class PartWatch: Sendable {
    /// The last answer of the source.
    struct Answer: Sendable {
        /// The parts in order; `nil` before the first answer.
        var parts: [String]?
        var trouble: String?
        /// Whether the source is not asked again before a restart.
        var isFailed = false
    }

    private struct State {
        var answer = Answer()
        var isStopped = false
        var hasEnded = false
    }

    private let source: any SourceConnector
    private let intervalMs: Int
    private let logger: Logger
    private let state = Mutex(State())
    private let wakeUp = DispatchSemaphore(value: 0)

    init(_ source: any SourceConnector, interval: Duration, logger: Logger) {
        self.source = source
        intervalMs = Int(clamping: interval.wholeMilliseconds)
        self.logger = logger
    }

    var answer: Answer { state.withLock(\.answer) }
    var hasEnded: Bool { state.withLock(\.hasEnded) }

    func start() throws {
        try startThread(named: "connect-parts") {
            self.run()
            self.state.withLock { $0.hasEnded = true }
        }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeUp.signal()
    }

    /// Asks the source at once, also after a failure.
    func restart() {
        state.withLock { $0.answer.isFailed = false }
        wakeUp.signal()
    }

    private func run() {
        var delay = RetryDelay()
        while !state.withLock(\.isStopped) {
            if answer.isFailed {
                wakeUp.wait()
                continue
            }
            var waitMs = intervalMs
            do {
                let parts = Array(Set(try source.partitions())).sorted()
                state.withLock { $0.answer = Answer(parts: parts) }
                delay.reset()
            } catch {
                let isFailed = (error as? ConnectorError)?.kind != .temporary
                logger.warning("the source does not tell its parts: \(error)")
                state.withLock { state in
                    state.answer.trouble = "\(error)"
                    state.answer.isFailed = isFailed
                }
                waitMs = isFailed ? 0 : delay.next()
            }
            _ = wakeUp.wait(timeout: .now() + .milliseconds(waitMs))
        }
    }
}
