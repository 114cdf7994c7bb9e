import Synchronization

/// Those who wait for loads, by number.
final class PendingLoads: Sendable {
    private struct Caller {
        var continuation: CheckedContinuation<[EmbeddingKey: Embedding], any Error>
        var keys: [EmbeddingKey]
        var restCount: Int
        var found: [EmbeddingKey: Embedding] = [:]
    }

    private struct State {
        var callers: [UInt64: Caller] = [:]
        /// Callers that were cancelled before they waited.
        var cancelled: Set<UInt64> = []
        var lastNumber: UInt64 = 0
        var tasks: [Int: Task<Void, Never>] = [:]
        var hasTimer = false
    }

    private let state = Mutex(State())

    // MARK: Callers

    func newNumber() -> UInt64 {
        state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    /// Lets a caller wait. Returns `false` if it was cancelled before; it then has its answer.
    func wait(
        _ number: UInt64, for keys: [EmbeddingKey],
        _ continuation: CheckedContinuation<[EmbeddingKey: Embedding], any Error>
    ) -> Bool {
        let isWaiting = state.withLock { state in
            if state.cancelled.contains(number) { return false }
            state.callers[number] = Caller(continuation: continuation, keys: keys, restCount: keys.count)
            return true
        }
        if !isWaiting { continuation.resume(throwing: CancellationError()) }
        return isWaiting
    }

    /// Cancels a caller. Returns the keys for which it waited.
    func cancel(_ number: UInt64) -> [EmbeddingKey] {
        let caller = state.withLock { state in
            let caller = state.callers.removeValue(forKey: number)
            if caller == nil { state.cancelled.insert(number) }
            return caller
        }
        caller?.continuation.resume(throwing: CancellationError())
        return caller?.keys ?? []
    }

    /// Forgets a caller that has returned.
    func end(_ number: UInt64) { state.withLock { _ = $0.cancelled.remove(number) } }

    /// Brings a caller the answer for a key. Returns the keys for which it still waits if that ends its waiting with an error.
    func answer(
        _ number: UInt64, _ key: EmbeddingKey, _ result: Result<Embedding?, EmbeddingCacheError>
    ) -> [EmbeddingKey] {
        let done: (Caller, EmbeddingCacheError?)? = state.withLock { state in
            guard var caller = state.callers.removeValue(forKey: number) else { return nil }
            switch result {
            case .failure(let error): return (caller, error)
            case .success(let embedding):
                caller.found[key] = embedding
                caller.restCount -= 1
                if caller.restCount == 0 { return (caller, nil) }
                state.callers[number] = caller
                return nil
            }
        }
        guard let (caller, error) = done else { return [] }
        if let error {
            caller.continuation.resume(throwing: error)
        } else {
            caller.continuation.resume(returning: caller.found)
        }
        return error == nil || caller.keys.count == 1 ? [] : caller.keys
    }

    // MARK: Tasks

    func start(_ batch: Int, _ task: () -> Task<Void, Never>) { state.withLock { $0.tasks[batch] = task() } }
    func end(batch: Int) { state.withLock { _ = $0.tasks.removeValue(forKey: batch) } }
    func cancel(batch: Int) { state.withLock { $0.tasks[batch] }?.cancel() }
    var runningTasks: [Task<Void, Never>] { state.withLock { Array($0.tasks.values) } }

    /// Returns whether the caller has to begin the timer, because nobody has.
    func beginTimer() -> Bool {
        state.withLock { state in
            defer { state.hasTimer = true }
            return !state.hasTimer
        }
    }

    func endTimer() { state.withLock { $0.hasTimer = false } }
}
