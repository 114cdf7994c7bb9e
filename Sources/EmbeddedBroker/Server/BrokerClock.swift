import ClusterCore
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The time as the cluster wants it: milliseconds since 1970, never going back while the broker runs.
struct BrokerClock {
    private let startMs: Int64
    private let start = NIODeadline.now()

    init() {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        startMs = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    var nowMs: Int64 {
        startMs.later(byMs: (NIODeadline.now() - start).nanoseconds / 1_000_000)
    }
}
