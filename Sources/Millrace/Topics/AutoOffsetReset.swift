/// The position at which a source begins to read a partition if the application has committed no offset of it yet, or if the
/// topic does not have the committed offset any more. Kafka: `AutoOffsetReset` (KIP-1106).
///
/// ```swift
/// builder.stream("clicks", key: .string, value: .string, offsetReset: .latest)
/// ```
///
/// It is for the first start and for data that is gone: a valid committed offset takes precedence. Global tables and the
/// application's internal topics are always read from their beginning. It has no effect in a `TopologyTestDriver`, which
/// starts with empty topics.
public enum AutoOffsetReset: Sendable, Hashable {
    /// The position in the application's configuration, `StreamsConfiguration.offsetReset`.
    case ofApplication
    /// At the first record that the partition has.
    case earliest
    /// After the last record that the partition has. That position is committed: records written while the application is
    /// down are read after its next start.
    case latest
    /// At the first record that is no older than a duration before now, by its timestamp; after the last one if all are
    /// older.
    case byDuration(Duration)
    /// No position: the instance ends with an error.
    case none
}

extension AutoOffsetReset: CustomStringConvertible {
    /// The text that Kafka uses for it: `earliest`, `by_duration:PT3600S`.
    public var description: String {
        switch self {
        case .ofApplication: "the application's"
        case .earliest: "earliest"
        case .latest: "latest"
        case .byDuration(let duration): "by_duration:PT\(Double(duration.wholeMilliseconds) / 1_000)S"
        case .none: "none"
        }
    }

    /// The description of the problem with it, if any.
    package var problem: String? {
        if case .byDuration(let duration) = self, duration < .zero {
            return "offset reset by a negative duration"
        }
        return nil
    }
}
