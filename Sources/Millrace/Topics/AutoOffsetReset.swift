/// Where a source begins to read a partition of which the application has committed no offset yet, or of which the topic does
/// not have the committed offset any more. Kafka: `AutoOffsetReset` (KIP-1106).
///
/// ```swift
/// builder.stream("clicks", key: .string, value: .string, offsetReset: .latest)
/// ```
///
/// It is for the first start and for data that is gone: whatever was committed goes before. Global tables and the
/// application's own topics are always read from their beginning, and to a `TopologyTestDriver`, which starts with empty
/// topics, it makes no difference.
public enum AutoOffsetReset: Sendable, Hashable {
    /// Where the application's configuration says, `StreamsConfiguration.offsetReset`.
    case ofApplication
    /// At the first record that the partition has.
    case earliest
    /// Behind the last record that the partition has. That place is committed: what is written while the application is
    /// down is read after its next start.
    case latest
    /// At the first record that is no older than so long before now, by its timestamp; behind the last one where all are older.
    case byDuration(Duration)
    /// Nowhere: the instance ends with an error.
    case none
}

extension AutoOffsetReset: CustomStringConvertible {
    /// As Kafka writes it: `earliest`, `by_duration:PT3600S`.
    public var description: String {
        switch self {
        case .ofApplication: "the application's"
        case .earliest: "earliest"
        case .latest: "latest"
        case .byDuration(let duration): "by_duration:PT\(Double(duration.wholeMilliseconds) / 1_000)S"
        case .none: "none"
        }
    }

    /// What is wrong with it, if anything.
    package var problem: String? {
        if case .byDuration(let duration) = self, duration < .zero {
            return "offset reset by a negative duration"
        }
        return nil
    }
}
