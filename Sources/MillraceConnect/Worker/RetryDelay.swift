/// The growing time between attempts that fail one after the other: from 250 ms to 30 s.
package struct RetryDelay: Sendable {
    private static let shortestMs = 250
    private static let longestMs = 30_000
    private var nextMs = shortestMs

    package init() {}

    /// Returns the time to wait before the next attempt, in milliseconds.
    package mutating func next() -> Int {
        defer { nextMs = min(Self.longestMs, nextMs * 2) }
        return nextMs
    }

    /// Begins anew after a success.
    package mutating func reset() { nextMs = Self.shortestMs }
}
