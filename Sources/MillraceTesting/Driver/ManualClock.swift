import MillraceEngine

/// A clock that moves only when it is told to.
final class ManualClock: Clock {
    var nowMs: Int64 = 0

    func wallClockMs() -> Int64 { nowMs }
    func monotonicMs() -> Int64 { nowMs }
}
