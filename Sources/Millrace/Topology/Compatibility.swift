/// Whose results an application wants where those of Kafka Streams are not what it promises.
///
/// ```swift
/// let builder = StreamsBuilder(compatibility: .kafkaStreams)
/// ```
///
/// Topics, their bytes and their names are Kafka Streams' with either.
public enum Compatibility: Sendable, Hashable {
    /// Nobody's: a final result comes once and is made of every record that was accepted. The default.
    case none
    /// Those of Kafka Streams 4.1.2, for an application that is compared with one in Java record by record.
    ///
    /// - `suppress(.untilWindowCloses())` lets a session or sliding window go a millisecond before it closes.
    /// - A session that has closed may be merged into a later one, which then counts its records again. With emission on
    ///   close, one at the edge of its retention is forgotten while it still takes records.
    /// - With emission on close, a sliding window that expires with the record that closes it is never handed on.
    /// - The streams of a cogroup each have a time of their own, so that one takes records for windows that another one closed.
    /// - A join of streams whose window looks back only, or ahead only, takes the epoch for what lies before it, and so joins
    ///   records there that are too near.
    /// - A left or outer join hands a late record on without a match while its grace still runs, and may join it afterwards.
    case kafkaStreams
}
