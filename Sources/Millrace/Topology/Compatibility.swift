/// A choice of the results that an application gets where those of Kafka Streams are not what it promises.
///
/// ```swift
/// let builder = StreamsBuilder(compatibility: .kafkaStreams)
/// ```
///
/// Topics, their bytes and their names are those of Kafka Streams in either case.
public enum Compatibility: Sendable, Hashable {
    /// The correct results: a final result is forwarded once and is made of every record that was accepted. The default.
    case none
    /// The results of Kafka Streams 4.1.2, for an application that is compared with one in Java record by record.
    ///
    /// - `suppress(.untilWindowCloses())` releases a session or sliding window a millisecond before it closes.
    /// - A session that has closed may be merged into a later one, which then counts its records again. With emission on
    ///   close, a session at the edge of its retention is dropped while it still accepts records.
    /// - With emission on close, a sliding window that expires with the record that closes it is never forwarded.
    /// - Each stream of a cogroup has its own time, so that one accepts records for windows that another one has closed.
    /// - A join of streams whose window looks back only, or ahead only, uses the epoch for moments before it, and so joins
    ///   records there that are too near.
    /// - A left or outer join forwards a late record without a match before its grace is over, and may join it afterwards.
    case kafkaStreams
}
