package import Millrace
import Synchronization

/// The times of the searches of an index.
package final class SearchMeter: Sendable {
    private let times = Mutex(LatencyHistogram(.microseconds))

    package init() {}

    /// Measures a search.
    func measure<Result>(_ body: () throws -> Result) rethrows -> Result {
        let start = ContinuousClock.now
        defer {
            let time = Int64(start.duration(to: .now) / .microseconds(1))
            times.withLock { $0.add(microseconds: time) }
        }
        return try body()
    }

    /// The times of all searches so far.
    package var latency: LatencyHistogram { times.withLock { $0 } }
}
