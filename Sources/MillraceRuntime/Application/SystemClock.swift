import Glibc
import MillraceEngine

/// The machine's clocks.
final class SystemClock: Clock, Sendable {
    func wallClockMs() -> Int64 { read(CLOCK_REALTIME) }
    func monotonicMs() -> Int64 { read(CLOCK_MONOTONIC) }

    func monotonicNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    private func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
