/// A function that decides which moment a record stands for.
///
/// Semantics: Kafka's `TimestampExtractor` and its built-in implementations. A negative result means that the record
/// has no usable time: it is dropped and counted.
public struct TimestampExtractor<Key, Value>: Sendable {
    @usableFromInline
    let extract: @Sendable (_ record: Record<Key, Value>, _ partitionTimeMs: Int64) throws -> Int64

    /// Takes the moment from the record.
    ///
    /// - Parameter extract: gets the record, whose timestamp is the broker's, and the highest timestamp seen so far in
    ///   its partition (−1 if there is none); returns milliseconds since the epoch.
    @inlinable
    public init(
        _ extract: @escaping @Sendable (_ record: Record<Key, Value>, _ partitionTimeMs: Int64) throws -> Int64
    ) {
        self.extract = extract
    }

    /// The record's own timestamp; a negative one stops the task. The default, as in Kafka Streams.
    @inlinable
    public static var failOnInvalidTimestamp: TimestampExtractor {
        TimestampExtractor { record, _ in
            guard record.timestampMs >= 0 else {
                throw StreamsError(
                    .invalidTimestamp,
                    "the record's timestamp is \(record.timestampMs); choose .logAndSkipOnInvalidTimestamp or "
                        + ".usePartitionTimeOnInvalidTimestamp to continue")
            }
            return record.timestampMs
        }
    }

    /// The record's own timestamp; a record with a negative one is dropped and counted.
    @inlinable
    public static var logAndSkipOnInvalidTimestamp: TimestampExtractor {
        TimestampExtractor { record, _ in record.timestampMs }
    }

    /// The record's own timestamp, or the partition's time if that is negative; fails if there is none yet.
    @inlinable
    public static var usePartitionTimeOnInvalidTimestamp: TimestampExtractor {
        TimestampExtractor { record, partitionTimeMs in
            if record.timestampMs >= 0 { return record.timestampMs }
            guard partitionTimeMs >= 0 else {
                throw StreamsError(
                    .invalidTimestamp,
                    "the record's timestamp is \(record.timestampMs) and its partition has no time yet")
            }
            return partitionTimeMs
        }
    }

    /// A moment that the value contains. A record with a null value keeps its own timestamp.
    ///
    /// - Parameter timestampMs: returns milliseconds since the epoch; a negative result drops the record. An error
    ///   goes to the processing handler.
    @inlinable
    public static func value(_ timestampMs: @escaping @Sendable (Value) throws -> Int64) -> TimestampExtractor {
        TimestampExtractor { record, _ in try record.value.map(timestampMs) ?? record.timestampMs }
    }
}
