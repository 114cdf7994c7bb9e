/// The greatest distance in time at which records of two streams are joined. Kafka: `JoinWindows`.
///
/// ```swift
/// orders.join(payments, within: .difference(.seconds(300), grace: .seconds(30))) { order, payment in … }
/// ```
///
/// A record of the left stream is joined with those of the right one that came no more than `beforeMs` before and no more
/// than `afterMs` after it, by their timestamps.
public struct JoinWindows: Hashable, Sendable {
    /// The most milliseconds that the right record may be earlier than the left one. If negative, the right record has to be
    /// later by at least as much.
    public let beforeMs: Int64
    /// The most milliseconds that the right record may be later than the left one. If negative, the right record has to be
    /// earlier by at least as much.
    public let afterMs: Int64
    /// The time after a window's end for which late records are still joined, in milliseconds.
    public let graceMs: Int64

    init(beforeMs: Int64, afterMs: Int64, graceMs: Int64) {
        self.beforeMs = beforeMs
        self.afterMs = afterMs
        self.graceMs = graceMs
    }

    /// Records that are no further apart than a difference, whichever is first. Kafka: `ofTimeDifferenceAndGrace`,
    /// `ofTimeDifferenceWithNoGrace`.
    ///
    /// - Parameters:
    ///   - difference: the greatest time between two records that are joined.
    ///   - grace: how long after a window's end late records are still joined; not at all by default.
    public static func difference(_ difference: Duration, grace: Duration = .zero) -> JoinWindows {
        let differenceMs = difference.wholeMilliseconds
        return JoinWindows(beforeMs: differenceMs, afterMs: differenceMs, graceMs: grace.wholeMilliseconds)
    }

    /// The same windows with another limit for right records that are earlier.
    ///
    /// - Parameter difference: how much earlier at most; a negative one asks for right records that are later by at least as
    ///   much. The sum of this limit and the one for later records must not be negative.
    ///
    /// ```swift
    /// JoinWindows.difference(.seconds(300)).before(.zero)   // the right record is the later one
    /// ```
    public func before(_ difference: Duration) -> JoinWindows {
        JoinWindows(beforeMs: difference.wholeMilliseconds, afterMs: afterMs, graceMs: graceMs)
    }

    /// The same windows with another limit for right records that are later.
    ///
    /// ```swift
    /// JoinWindows.difference(.seconds(300)).after(.seconds(60))
    /// ```
    ///
    /// - Parameter difference: how much later at most; a negative one asks for right records that are earlier by at least as
    ///   much. The sum of this limit and the one for earlier records must not be negative.
    public func after(_ difference: Duration) -> JoinWindows {
        JoinWindows(beforeMs: beforeMs, afterMs: difference.wholeMilliseconds, graceMs: graceMs)
    }

    @inlinable package var before: TimeSpan { TimeSpan(ms: beforeMs) }
    @inlinable package var after: TimeSpan { TimeSpan(ms: afterMs) }
    @inlinable package var grace: TimeSpan { TimeSpan(ms: graceMs) }

    /// The time for which a stream's records are kept for the other stream.
    @inlinable package var retention: TimeSpan { before + after + grace }

    /// The timestamps that the possible matches of a record have; `nil` if all of them would be before the epoch.
    ///
    /// Kafka Streams uses the epoch instead, and so finds records there that are too late. Kafka: `KStreamKStreamJoin`.
    @inlinable
    package func matchTimes(
        ofRecordAt moment: Moment, isLeft: Bool, _ compatibility: Compatibility
    ) -> ClosedRange<Int64>? {
        let (before, after) = isLeft ? (before, after) : (after, before)
        // A window that would begin after the end of time holds nothing, not even the end.
        if (moment - before) - moment < TimeSpan.zero - before { return nil }
        let first = (moment - before).notBeforeEpoch
        let last = compatibility == .kafkaStreams ? (moment + after).notBeforeEpoch : moment + after
        return first <= last ? first.ms...last.ms : nil
    }

    /// A description of the problem with the sizes, reported when the topology is built.
    @usableFromInline
    var problem: String? {
        if graceMs < 0 { return "a grace of \(graceMs) ms; it must not be negative" }
        return before + after < .zero
            ? "a window from \(beforeMs) ms before to \(afterMs) ms after a record ends before it begins" : nil
    }
}
