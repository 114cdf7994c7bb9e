import MillraceEngine
import Testing

@Suite("Waiting for commits")
struct CommitSignalTests {
    private let signal = CommitSignal()
    private var soon: ContinuousClock.Instant { .now.advanced(by: .milliseconds(20)) }
    private var late: ContinuousClock.Instant { .now.advanced(by: .seconds(3_600)) }

    @Test("a signal wakes all waiters, and those that come later with an older count")
    func wakes() async throws {
        let (signal, late, seen) = (signal, late, signal.count)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { try await signal.wait(since: seen, until: late) } }
            await Task.yield()
            signal.signal()
            for try await isWoken in group { #expect(isWoken) }
        }
        #expect(try await signal.wait(since: seen, until: late))
    }

    @Test("a waiter without a signal returns when its time is over")
    func timeIsOver() async throws {
        #expect(try await !signal.wait(since: signal.count, until: soon))
        #expect(try await !signal.wait(since: signal.count, until: .now))
    }

    @Test("a cancelled waiter returns at once")
    func cancelled() async throws {
        let (signal, late) = (signal, late)
        let waiting = Task { try await signal.wait(since: signal.count, until: late) }
        await Task.yield()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }
}
