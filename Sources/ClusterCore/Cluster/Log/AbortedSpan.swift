/// An aborted transaction in a partition: from its first record to its marker.
struct AbortedSpan: Hashable, Sendable {
    var producerID: Int64
    var firstOffset: Int64
    /// The marker's offset.
    var lastOffset: Int64
}
