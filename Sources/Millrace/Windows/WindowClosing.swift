/// When the windows of a kind close: the one rule that all ask who need to know.
///
/// A window is closed once stream time has left it behind: it is past the window's last moment, and the wait after that is over.
/// From then on the window's result is final.
///
/// | windows | last moment | wait | closed when stream time is |
/// | --- | --- | --- | --- |
/// | time | right before the end | grace | ≥ end + grace |
/// | sliding | the end | grace | > end + grace |
/// | session | the end | gap + grace | > end + gap + grace |
/// | join | the end | grace | > end + grace |
///
/// Stream time is the operator's, with the record at hand, and outlives a restart. Who asks:
///
/// - **Acceptance.** A record is accepted by each window that holds it and is open. A *time* window takes it or drops it. A
///   *session* is first made of the record and the open sessions within the gap; if that one is closed the record is dropped,
///   so a record within the gap of a closed session begins another one, or is late. A *sliding* window takes a record
///   while the window is open, so that one that is too late for its oldest windows may be in time for others; it is
///   dropped as a whole if even the window that begins with it is closed. Windows that are made after it hold it too. A record of a *join* has a window that holds its
///   possible matches. It is joined with records of the other stream whose windows are open, and waits for a match while its
///   own one is.
/// - **Visibility.** Operators do not see closed sessions, nor closed windows of a join. Stores keep windows until they are
///   closed at the least, and where they are handed on when they close until that is done.
/// - **Emission on close** hands on what is closed and was not handed on before.
/// - **Suppress** lets go what is closed, by the highest timestamp of the results that it got, which is never ahead of the
///   stream time by which they were accepted. Downstream of a join the results of one side say nothing of the other's time; there
///   a window is let go when it is closed for the operators of both sides as well (`WindowOperator`).
///
/// So nothing is accepted by a window whose final result is out. Kafka has the same rule four times over, and differently;
/// see `Compatibility`.
@frozen @usableFromInline
package struct WindowClosing: Hashable, Sendable {
    /// For how long after its last moment a window is open.
    @usableFromInline let wait: TimeSpan
    /// Whether a window's end is its last moment, and not the one after it.
    @usableFromInline let includesEnd: Bool

    @inlinable
    package init(wait: TimeSpan, includesEnd: Bool) {
        self.wait = wait
        self.includesEnd = includesEnd
    }

    /// Whether a window that ends at a moment is closed. One that would close at the end of time or after it never is.
    @inlinable
    package func isClosed(endMs: Int64, at streamTimeMs: Int64) -> Bool {
        closingTime(endMs: endMs).isReached(by: Moment(ms: streamTimeMs))
    }

    /// The first moment of stream time at which a window is closed; the end of time where there is none.
    @inlinable
    package func closingTime(endMs: Int64) -> Moment { Moment(ms: endMs) + tail }

    /// The latest end that a closed window has. All windows that end then or before are closed.
    @inlinable
    package func lastClosedEndMs(at streamTimeMs: Int64) -> Int64 {
        (min(Moment(ms: streamTimeMs), Moment.distantFuture.previous) - tail).ms
    }

    @inlinable
    var tail: TimeSpan { includesEnd ? wait + TimeSpan(ms: 1) : wait }

    /// The rule of results that are made of several: they are closed when all of them are.
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

    /// The end of the window that holds the possible matches of a record.
    @inlinable
    package func endMs(ofRecordAt timestampMs: Int64, isLeft: Bool) -> Int64 {
        (Moment(ms: timestampMs) + (isLeft ? after : before)).ms
    }
}
