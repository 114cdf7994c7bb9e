/// Refuses a timestamp that a record cannot have. Kafka: the constructor of `Record`.
///
/// - Throws: `StreamsError` with code `.invalidTimestamp` if it is negative.
@inlinable
func checkTimestamp(_ timestampMs: Int64, node: String? = nil) throws {
    if timestampMs < 0 { throw StreamsError.negativeTimestamp(timestampMs, node: node) }
}

extension StreamsError {
    @usableFromInline
    package static func negativeTimestamp(_ timestampMs: Int64, node: String? = nil) -> StreamsError {
        StreamsError(.invalidTimestamp, "the timestamp is \(timestampMs) ms; it must not be negative", node: node)
    }
}
