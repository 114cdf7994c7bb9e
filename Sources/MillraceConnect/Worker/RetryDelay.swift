/// The growing time between attempts that fail one after the other: from 250 ms to 30 s.
package struct RetryDelay: Sendable {
    private static let shortestMs = 250
    private static let longestMs = 30_000
    /// The number of times that the shortest wait is doubled.
    private var doublings = 0

    package init() {}

    /// Returns the time to wait before the next attempt, in milliseconds.
    package mutating func next() -> Int {
        let waitMs = min(Self.longestMs, Self.shortestMs << doublings)
        if waitMs < Self.longestMs { doublings += 1 }
        return waitMs
    }

    /// Begins anew after a success.
    package mutating func reset() { doublings = 0 }
}
