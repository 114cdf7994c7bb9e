/// The rule for when windows of a kind close. All code that needs to know uses this one rule.
///
/// A window is closed once stream time has passed the window's last moment and the wait after it. From then on the window's
/// result is final.
///
/// | windows | last moment | wait | closed when stream time is |
/// | --- | --- | --- | --- |
/// | time | right before the end | grace | ≥ end + grace |
/// | sliding | the end | grace | > end + grace |
/// | session | the end | gap + grace | > end + gap + grace |
/// | join | the end | grace | > end + grace |
///
/// Stream time is the operator's. It includes the present record and outlives a restart. The rule is used for:
///
/// - **Acceptance.** A record is accepted by each window that contains it and is open. A *time* window accepts it or drops
///   it. A *session* is first made of the record and the open sessions within the gap. If that session is closed, the record
///   is dropped; so a record within the gap of a closed session begins another one, or is late. A *sliding* window accepts a
///   record while the window is open, so a record that is too late for its oldest windows may be in time for others. It is
///   dropped altogether if even the window that begins with it is closed. Windows that are made after the record arrives
///   contain it too. A record of a *join* has a window that contains its possible matches. It is joined with records of the
///   other stream whose windows are open, and waits for a match while its own window is open.
/// - **Visibility.** Operators do not see closed sessions, nor closed windows of a join. Stores keep windows at least until
///   they are closed, and windows that are forwarded when they close until that is done.
/// - **Emission on close** forwards windows that are closed and have not been forwarded yet.
/// - **Suppress** releases closed windows, by the highest timestamp of the results that it got, which is never ahead of the
///   stream time by which they were accepted. Downstream of a join the results of one side say nothing about the other
///   side's time. There a window is released once it is closed for the operators of both sides as well (`WindowOperator`).
///
/// So a window whose final result has been forwarded accepts nothing. Kafka has the same rule four times, each slightly
/// different; see `Compatibility`.
@frozen @usableFromInline
package struct WindowClosing: Hashable, Sendable {
    /// The time after its last moment for which a window is open.
    @usableFromInline let wait: TimeSpan
    /// Whether a window's end is its last moment, not the moment after it.
    @usableFromInline let includesEnd: Bool

    @inlinable
    package init(wait: TimeSpan, includesEnd: Bool) {
        self.wait = wait
        self.includesEnd = includesEnd
    }

    /// Whether a window that ends at a moment is closed. One that would close at or after the end of time never is.
    @inlinable
    package func isClosed(endMs: Int64, at streamTimeMs: Int64) -> Bool {
        closingTime(endMs: endMs).isReached(by: Moment(ms: streamTimeMs))
    }

    /// The first moment of stream time at which a window is closed; the end of time if there is none.
    @inlinable
    package func closingTime(endMs: Int64) -> Moment { Moment(ms: endMs) + tail }

    /// The latest end of any closed window. All windows that end then or earlier are closed.
    @inlinable
    package func lastClosedEndMs(at streamTimeMs: Int64) -> Int64 {
        (min(Moment(ms: streamTimeMs), Moment.distantFuture.previous) - tail).ms
    }

    @inlinable
    var tail: TimeSpan { includesEnd ? wait + TimeSpan(ms: 1) : wait }

    /// The rule for results that are made of several windows: they are closed when all of these are.
    package static func latest(_ closings: [WindowClosing]) -> WindowClosing? {
        closings.max { $0.tail < $1.tail }
    }
}

extension TimeWindows {
    @inlinable
    package var closing: WindowClosing { WindowClosing(wait: grace, includesEnd: false) }
}

extension SlidingWindows {
    @inlinable
    package var closing: WindowClosing { WindowClosing(wait: grace, includesEnd: true) }
}

extension SessionWindows {
    @inlinable
    package var closing: WindowClosing { WindowClosing(wait: gap + grace, includesEnd: true) }
}

extension JoinWindows {
    @inlinable
    package var closing: WindowClosing { WindowClosing(wait: grace, includesEnd: true) }

    /// The end of the window that contains the possible matches of a record.
    @inlinable
    package func endMs(ofRecordAt timestampMs: Int64, isLeft: Bool) -> Int64 {
        (Moment(ms: timestampMs) + (isLeft ? after : before)).ms
    }
}
