import DequeModule
import Dispatch
import Millrace
import Synchronization

/// A few threads that read stores on disk, which must not block Swift's cooperative pool.
///
/// They start with the first such read and end with the application. The number of waiting reads is bounded.
final class ReadThreads: QueryExecutor {
    private let state = Mutex(State())
    private let hasWork = DispatchSemaphore(value: 0)
    private let threadCount: Int
    private let maxWaitingCount: Int

    private struct State {
        var waiting: Deque<@Sendable () -> Void> = []
        var startedCount = 0
        var isClosed = false
    }

    init(threadCount: Int = 4, maxWaitingCount: Int = 10_000) {
        self.threadCount = threadCount
        self.maxWaitingCount = maxWaitingCount
    }

    func perform<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try Task.checkCancellation()
        return try await withCheckedThrowingContinuation { continuation in
            do {
                try add { continuation.resume(with: Swift.Result { try body() }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private func add(_ read: @escaping @Sendable () -> Void) throws {
        try state.withLock { state in
            if state.isClosed { throw StreamsError(.illegalState, "the application has ended") }
            if state.waiting.count >= maxWaitingCount {
                throw StreamsError(
                    .storeUnavailable, "\(state.waiting.count) reads wait for the disk already: try again later")
            }
            // One thread is enough as long as it keeps up.
            let startsThread =
                state.startedCount == 0 || (state.waiting.count > 0 && state.startedCount < threadCount)
            if startsThread {
                do {
                    try startThread(named: "millrace-read") { self.run() }
                    state.startedCount += 1
                } catch {
                    if state.startedCount == 0 { throw error }
                }
            }
            state.waiting.append(read)
        }
        hasWork.signal()
    }

    private func run() {
        while true {
            hasWork.wait()
            let (read, isClosed) = state.withLock { ($0.waiting.popFirst(), $0.isClosed) }
            if let read {
                read()
            } else if isClosed {
                // Wakes the next thread, so that it ends too.
                hasWork.signal()
                return
            }
        }
    }

    /// Ends the threads once they have done the waiting reads.
    func close() {
        state.withLock { $0.isClosed = true }
        hasWork.signal()
    }
}
