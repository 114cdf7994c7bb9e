import Synchronization

/// Those who wait for a condition that something else brings about, such as tests.
final class ChangeWatchers: Sendable {
    private struct State {
        var watchers: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var lastNumber: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Wakes them, so that they look at their conditions again.
    func notify() {
        for watcher in state.withLock({ Array($0.watchers.values) }) { watcher.yield() }
    }

    /// Waits until a condition holds. It is looked at now, and after each change.
    ///
    /// - Throws: `CancellationError`.
    func until(_ condition: () -> Bool) async throws {
        let (changes, watcher) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.lastNumber += 1
            state.watchers[state.lastNumber] = watcher
            return state.lastNumber
        }
        defer { state.withLock { _ = $0.watchers.removeValue(forKey: number) } }
        watcher.yield()
        for await _ in changes where condition() { return }
        throw CancellationError()
    }
}
