/// A span of time in milliseconds, which may be negative.
///
/// Its arithmetic never traps: a result that does not fit becomes the longest span with the same sign. The longest span
/// stands for "for ever".
@frozen @usableFromInline
package struct TimeSpan: Hashable, Comparable, Sendable {
    @usableFromInline package var ms: Int64

    @inlinable
    package init(ms: Int64) { self.ms = ms }

    /// Makes a span of the whole milliseconds of a duration; fractions are dropped.
    @inlinable
    package init(_ duration: Duration) { ms = duration.wholeMilliseconds }

    @inlinable package static var zero: TimeSpan { TimeSpan(ms: 0) }

    /// The longest span.
    @inlinable package static var forever: TimeSpan { TimeSpan(ms: .max) }

    /// This span as a `Duration`.
    @inlinable package var duration: Duration { .milliseconds(ms) }

    @inlinable
    package static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.ms < right.ms }

    @inlinable
    package static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        TimeSpan(ms: left.ms.addingSaturating(right.ms))
    }

    @inlinable
    package static func - (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        TimeSpan(ms: left.ms.subtractingSaturating(right.ms))
    }

    @inlinable
    package static func * (left: TimeSpan, times: Int64) -> TimeSpan {
        let (product, overflows) = left.ms.multipliedReportingOverflow(by: times)
        return overflows ? TimeSpan(ms: (left.ms < 0) == (times < 0) ? .max : .min) : TimeSpan(ms: product)
    }

    /// Returns how many spans of another length cover this one. Both are at least a millisecond.
    package func count(of part: TimeSpan) -> Int64 { (ms - 1) / part.ms + 1 }

    @inlinable
    package static func += (left: inout TimeSpan, right: TimeSpan) { left = left + right }

    /// This span as a C library's time-out: at least 0, and at most the largest number that fits.
    @inlinable package var timeoutMs: Int32 { Int32(clamping: Swift.max(0, ms)) }
}

extension Int64 {
    /// Returns the sum or, if it does not fit, the nearest number that does.
    @inlinable
    func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? (other < 0 ? .min : .max) : sum
    }

    /// Returns the difference or, if it does not fit, the nearest number that does.
    @inlinable
    func subtractingSaturating(_ other: Int64) -> Int64 {
        let (difference, overflows) = subtractingReportingOverflow(other)
        return overflows ? (other < 0 ? .max : .min) : difference
    }
}
