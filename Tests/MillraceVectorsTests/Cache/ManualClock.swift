import MillraceVectors
import Synchronization

/// A clock that a test moves on.
final class ManualClock: CacheClock {
    private struct State {
        var nowMs: Int64 = 1_000
        var sleepers: [(endMs: Int64, waking: AsyncStream<Void>.Continuation)] = []
    }

    private let state = Mutex(State())

    var nowMs: Int64 { state.withLock(\.nowMs) }

    func advance(byMs ms: Int64) {
        let woken = state.withLock { state in
            state.nowMs += ms
            let woken = state.sleepers.filter { $0.endMs <= state.nowMs }
            state.sleepers.removeAll { $0.endMs <= state.nowMs }
            return woken
        }
        for sleeper in woken { sleeper.waking.finish() }
    }

    func sleep(ms: Int64) async throws {
        let (sleep, waking) = AsyncStream.makeStream(of: Void.self)
        state.withLock { $0.sleepers.append(($0.nowMs + ms, waking)) }
        for await _ in sleep {}
        try Task.checkCancellation()
    }
}
