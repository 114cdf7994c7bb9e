import MillraceEngine

/// A clock that moves only when it is told to.
final class StoppedClock: WallClock {
    var nowMs: Int64 = 0

    func wallClockMs() -> Int64 { nowMs }
    func monotonicMs() -> Int64 { nowMs }
}
