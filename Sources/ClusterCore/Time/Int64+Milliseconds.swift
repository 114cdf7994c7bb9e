/// Arithmetic of moments in milliseconds since the epoch. It never traps: results beyond the beginning or the end of time are
/// the beginning or the end. Clients choose many of the times, in requests, in topic settings and in records.
extension Int64 {
    /// The moment that is some milliseconds after this one.
    package func later(byMs ms: Int64) -> Int64 {
        let (sum, overflows) = addingReportingOverflow(ms)
        return overflows ? (ms < 0 ? .min : .max) : sum
    }

    /// The moment that is some milliseconds before this one.
    package func earlier(byMs ms: Int64) -> Int64 {
        let (difference, overflows) = subtractingReportingOverflow(ms)
        return overflows ? (ms < 0 ? .max : .min) : difference
    }

    /// The milliseconds from another moment to this one.
    package func milliseconds(since earlierMs: Int64) -> Int64 { earlier(byMs: earlierMs) }
}
