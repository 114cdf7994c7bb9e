import Glibc

/// The time of a cache, which tests set.
package protocol CacheClock: Sendable {
    /// Milliseconds since some moment; they never go back.
    var nowMs: Int64 { get }
    /// Waits for some milliseconds.
    func sleep(ms: Int64) async throws
}

/// The time since the start of the system.
struct MonotonicCacheClock: CacheClock {
    var nowMs: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1_000 &+ Int64(time.tv_nsec) / 1_000_000
    }

    func sleep(ms: Int64) async throws { try await Task.sleep(for: .milliseconds(ms)) }
}
