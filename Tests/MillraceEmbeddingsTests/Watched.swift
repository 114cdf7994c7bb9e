import Synchronization

/// A value that a test changes from several tasks, and for whose changes it waits.
final class Watched<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var watchers: [AsyncStream<Void>.Continuation] = []
    }

    private let state: Mutex<State>

    init(_ value: Value) { state = Mutex(State(value: value)) }

    var value: Value { state.withLock(\.value) }

    @discardableResult
    func change<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        let (result, watchers) = state.withLock { (body(&$0.value), $0.watchers) }
        for watcher in watchers { watcher.yield() }
        return result
    }

    /// Waits until a condition holds.
    ///
    /// - Throws: `CancellationError` when the test's time is over.
    func until(_ condition: (Value) -> Bool) async throws {
        let (changes, watcher) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.watchers.append(watcher) }
        watcher.yield()
        for await _ in changes where condition(value) { return }
        throw CancellationError()
    }
}
