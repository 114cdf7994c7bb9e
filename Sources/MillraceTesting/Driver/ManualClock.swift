import Millrace
import MillraceEngine

/// A clock that moves only when it is told to.
final class ManualClock: Clock {
    private var wallClock: Moment = .epoch
    private var passed: Moment = .epoch

    func wallClockMs() -> Int64 { wallClock.ms }
    func monotonicMs() -> Int64 { passed.ms }

    /// Sets the wall clock, in no time.
    func set(wallClockMs: Int64) { wallClock = Moment(ms: wallClockMs) }

    /// Moves the wall clock. Where it is moved back, no time passes.
    func advance(by span: TimeSpan) {
        wallClock += span
        passed += max(.zero, span)
    }
}
