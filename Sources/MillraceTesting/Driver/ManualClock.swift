import Millrace
import MillraceEngine

/// A clock that moves only when it is told to.
final class ManualClock: WallClock {
    private var wallClock: Moment = .epoch
    private var passed: Moment = .epoch

    func wallClockMs() -> Int64 { wallClock.ms }
    func monotonicMs() -> Int64 { passed.ms }

    /// Sets the wall clock; the monotonic clock stands still.
    func set(wallClockMs: Int64) { wallClock = Moment(ms: wallClockMs) }

    /// Moves the wall clock. If it is moved back, the monotonic clock stands still.
    func advance(by span: TimeSpan) {
        wallClock += span
        passed += max(.zero, span)
    }
}
