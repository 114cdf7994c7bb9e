/// A moment of a record's, a stream's or a clock's time: milliseconds since the epoch, or since a monotonic clock's start.
///
/// Its arithmetic never traps: a result before the beginning or after the end of time is the beginning or the end. A
/// timestamp of a single record or a duration of a single setting can therefore never end the process.
@frozen @usableFromInline
package struct Moment: Hashable, Comparable, Sendable {
    @usableFromInline package var ms: Int64

    @inlinable
    package init(ms: Int64) { self.ms = ms }

    /// The moment from which all record timestamps count.
    @inlinable package static var epoch: Moment { Moment(ms: 0) }

    /// The beginning of time: the earliest moment.
    @inlinable package static var distantPast: Moment { Moment(ms: .min) }

    /// The end of time: the latest moment, which nothing reaches.
    @inlinable package static var distantFuture: Moment { Moment(ms: .max) }

    @inlinable
    package static func < (left: Moment, right: Moment) -> Bool { left.ms < right.ms }

    @inlinable
    package static func + (moment: Moment, span: TimeSpan) -> Moment {
        Moment(ms: moment.ms.addingSaturating(span.ms))
    }

    @inlinable
    package static func - (moment: Moment, span: TimeSpan) -> Moment {
        Moment(ms: moment.ms.subtractingSaturating(span.ms))
    }

    /// Returns how long after the second moment the first one is.
    @inlinable
    package static func - (moment: Moment, earlier: Moment) -> TimeSpan {
        TimeSpan(ms: moment.ms.subtractingSaturating(earlier.ms))
    }

    @inlinable
    package static func += (moment: inout Moment, span: TimeSpan) { moment = moment + span }

    /// The moment right after this one.
    @inlinable package var next: Moment { self + TimeSpan(ms: 1) }

    /// The moment right before this one.
    @inlinable package var previous: Moment { self - TimeSpan(ms: 1) }

    /// This moment, or the epoch if that is later.
    @inlinable package var notBeforeEpoch: Moment { Swift.max(self, .epoch) }

    /// Whether time has reached this moment. It never reaches the end of time: a wait until then does not end.
    @inlinable
    package func isReached(by now: Moment) -> Bool { ms <= now.ms && ms != .max }

    /// The last moment at or before this one that is a multiple of a span after the epoch.
    ///
    /// - Parameter span: at least a millisecond.
    @inlinable
    package func roundedDown(to span: TimeSpan) -> Moment {
        let excess = ms % span.ms
        return excess < 0 ? self - TimeSpan(ms: excess &+ span.ms) : Moment(ms: ms &- excess)
    }

    /// The first moment after `now` that is a whole number of intervals after this one; the end of time if there is none.
    ///
    /// - Parameter interval: at least a millisecond.
    @inlinable
    package func next(every interval: TimeSpan, after now: Moment) -> Moment {
        if now < self { return self }
        // The distance of two moments may not fit into a span, but it fits into an unsigned number.
        let distance = UInt64(bitPattern: now.ms) &- UInt64(bitPattern: ms)
        let (past, overflows) = distance.addingReportingOverflow(
            interval.ms.magnitude &- distance % interval.ms.magnitude)
        if overflows { return .distantFuture }
        let next = UInt64(bitPattern: ms) &+ past
        // Beyond the end of time the sum wraps around to the beginning.
        return Int64(bitPattern: next) > now.ms ? Moment(ms: Int64(bitPattern: next)) : .distantFuture
    }
}
