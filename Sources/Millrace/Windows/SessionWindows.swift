/// Windows that last as long as records of a key keep arriving. Kafka: `SessionWindows`.
///
/// ```swift
/// clicks.groupByKey().windowedBy(.session(gap: .seconds(1_800), grace: .seconds(60)))
/// ```
///
/// A session begins and ends with a record. A record that is within the gap of existing sessions, before or after them,
/// joins them all into one session. The earlier ones are deleted from the result.
public struct SessionWindows: Hashable, Sendable {
    /// The time without records that ends a session, in milliseconds.
    public let gapMs: Int64
    /// The time after its end and the gap for which a session still accepts records, in milliseconds.
    public let graceMs: Int64

    /// Sessions: a window lasts for as long as records follow each other within the gap.
    ///
    /// - Parameters:
    ///   - gap: the time without records that ends a session; at least a millisecond.
    ///   - grace: how long after its end and the gap a session still accepts records; not at all by default.
    public static func session(gap: Duration, grace: Duration = .zero) -> SessionWindows {
        SessionWindows(gapMs: gap.wholeMilliseconds, graceMs: grace.wholeMilliseconds)
    }

    @inlinable package var gap: TimeSpan { TimeSpan(ms: gapMs) }
    @inlinable package var grace: TimeSpan { TimeSpan(ms: graceMs) }

    /// A description of the problem with the sizes, reported when the topology is built.
    @usableFromInline
    var problem: String? {
        if gapMs < 1 { return "a gap of \(gapMs) ms; the shortest is a millisecond" }
        return graceMs < 0 ? "a grace of \(graceMs) ms; it must not be negative" : nil
    }
}
