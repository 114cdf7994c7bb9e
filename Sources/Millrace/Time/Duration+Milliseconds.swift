extension Duration {
    /// Whole milliseconds; anything finer is dropped, and what does not fit becomes the longest or shortest that does.
    @usableFromInline
    package var wholeMilliseconds: Int64 {
        // `components` traps where the seconds do not fit into 64 bits, as those of the longest durations.
        Int64(clamping: attoseconds / 1_000_000_000_000_000)
    }
}
