/// Windows that move with the records: each contains records that are no further apart than a difference, its start and end
/// included. Kafka: `SlidingWindows` (KIP-450).
///
/// ```swift
/// readings.groupByKey().windowedBy(.sliding(.seconds(30), grace: .seconds(5)))
/// ```
///
/// Every record has two windows: one that ends with it and, once there is a later record within the difference, one that
/// begins right after it. There is one window for each set of records that fit together.
public struct SlidingWindows: Hashable, Sendable {
    /// The greatest difference between two records of a window, in milliseconds.
    public let differenceMs: Int64
    /// The time after its end for which a window still accepts records, in milliseconds.
    public let graceMs: Int64

    /// Sliding windows: one for each set of records that are no further apart than the difference.
    ///
    /// - Parameters:
    ///   - difference: the greatest time between two records of a window.
    ///   - grace: how long after its end a window still accepts records; not at all by default.
    public static func sliding(_ difference: Duration, grace: Duration = .zero) -> SlidingWindows {
        SlidingWindows(differenceMs: difference.wholeMilliseconds, graceMs: grace.wholeMilliseconds)
    }

    @inlinable package var difference: TimeSpan { TimeSpan(ms: differenceMs) }
    @inlinable package var grace: TimeSpan { TimeSpan(ms: graceMs) }

    /// A description of the problem with the sizes, reported when the topology is built.
    @usableFromInline
    var problem: String? {
        if differenceMs < 0 { return "a time difference of \(differenceMs) ms; it must not be negative" }
        return graceMs < 0 ? "a grace of \(graceMs) ms; it must not be negative" : nil
    }
}
