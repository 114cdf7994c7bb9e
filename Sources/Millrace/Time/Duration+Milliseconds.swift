extension Duration {
    /// Whole milliseconds. Fractions are dropped, and a value that does not fit becomes the longest or shortest one that
    /// does.
    @usableFromInline
    package var wholeMilliseconds: Int64 {
        // `components` traps if the seconds do not fit into 64 bits, as for the longest durations.
        Int64(clamping: attoseconds / 1_000_000_000_000_000)
    }
}
