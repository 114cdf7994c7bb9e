extension Duration {
    /// Whole milliseconds; anything finer is dropped, and what does not fit becomes the longest or shortest that does.
    @usableFromInline
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (fromSeconds, overflows) = seconds.multipliedReportingOverflow(by: 1_000)
        if overflows { return seconds < 0 ? .min : .max }
        return fromSeconds.addingSaturating(attoseconds / 1_000_000_000_000_000)
    }
}
