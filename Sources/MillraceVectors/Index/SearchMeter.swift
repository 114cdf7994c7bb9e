import Synchronization

/// The number of searches of an index, and the time that they took.
package final class SearchMeter: Sendable {
    private let count = Atomic<Int>(0)
    private let nanoseconds = Atomic<Int>(0)

    package init() {}

    /// Counts a search, and the time of its body.
    func measure<Result>(_ body: () throws -> Result) rethrows -> Result {
        let start = ContinuousClock.now
        defer {
            count.add(1, ordering: .relaxed)
            nanoseconds.add(Int(start.duration(to: .now) / .nanoseconds(1)), ordering: .relaxed)
        }
        return try body()
    }

    /// The number of searches so far, and the time that they took together.
    var total: (count: Int, time: Duration) {
        (count.load(ordering: .relaxed), .nanoseconds(nanoseconds.load(ordering: .relaxed)))
    }
}
