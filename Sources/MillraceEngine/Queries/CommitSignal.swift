import Synchronization

/// Wakes those who wait for a commit of a store, or for a change of its partitions.
///
/// If nobody waits, a signal costs one lock for each commit.
package final class CommitSignal: Sendable {
    private let state = Mutex(State())

    private struct State {
        var count: UInt64 = 0
        var nextWaiter: UInt64 = 0
        /// The waiters; `nil` for one that is not suspended yet.
        var waiters: [UInt64: CheckedContinuation<Void, Never>?] = [:]
    }

    package init() {}

    /// The number of signals so far.
    package var count: UInt64 { state.withLock { $0.count } }

    package func signal() {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.count &+= 1
            if state.waiters.isEmpty { return [] }
            defer { state.waiters = [:] }
            return state.waiters.values.compactMap { $0 }
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until the count exceeds the given one.
    ///
    /// - Returns: `false` if the deadline passed first.
    /// - Throws: `CancellationError`.
    package func wait(since count: UInt64, until deadline: ContinuousClock.Instant) async throws -> Bool {
        try Task.checkCancellation()
        if ContinuousClock.now >= deadline { return false }
        let waiter = state.withLock { state in
            state.nextWaiter &+= 1
            state.waiters[state.nextWaiter] = .some(nil)
            return state.nextWaiter
        }
        let timer = Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            wake(waiter)
        }
        defer { timer.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // A waiter that has been woken is not among the waiters any more.
                    guard state.count == count, state.waiters[waiter] != nil else {
                        state.waiters[waiter] = nil
                        return true
                    }
                    state.waiters[waiter] = .some(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            wake(waiter)
        }
        try Task.checkCancellation()
        return self.count != count
    }

    private func wake(_ waiter: UInt64) {
        let continuation = state.withLock { $0.waiters.removeValue(forKey: waiter) ?? nil }
        continuation?.resume()
    }
}
