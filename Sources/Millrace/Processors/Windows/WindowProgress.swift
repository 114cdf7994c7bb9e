/// The progress of a windowed operator: its stream time, and the moment up to which it has forwarded closed windows.
///
/// Both are committed with the offsets and so outlive the task. Kafka keeps only the second one, and so forgets after a
/// restart which windows were already closed. Kafka: `ProcessorMetadata`.
@usableFromInline
struct WindowProgress {
    @usableFromInline let closing: WindowClosing
    @usableFromInline let streamTime: KeptTime
    /// The stream time less the wait of the windows that were forwarded last, as in Kafka.
    @usableFromInline let emitted: KeptTime
    @usableFromInline let clock: any EmissionClock
    @usableFromInline let emit: EmitStrategy
    /// The monotonic clock's time before which closed windows are not looked for again.
    @usableFromInline var nextEmission: Moment = .distantPast

    /// - Parameters:
    ///   - timeName: the name under which the stream time is kept. Operators with the same name share it.
    ///   - storeName: the operator's store. Kafka Streams keeps under its name, too, how far windows have been forwarded.
    @usableFromInline
    init(of node: NodeInstance, timeName: String, storeName: String, emit: EmitStrategy, closing: WindowClosing) {
        self.closing = closing
        clock = node.emissions
        streamTime = node.keptTimes.keptTime(named: timeName)
        emitted = emit == .onWindowClose ? node.keptTimes.keptTime(named: storeName) : KeptTime()
        self.emit = emit
    }

    /// Advances the stream time.
    @inlinable
    func advance(to timestampMs: Int64) {
        if timestampMs > streamTime.timestampMs { streamTime.timestampMs = timestampMs }
    }

    @inlinable
    func isClosed(_ window: Window) -> Bool { closing.isClosed(endMs: window.endMs, at: streamTime.timestampMs) }

    /// The latest end of any closed window.
    @inlinable
    var lastClosedEndMs: Int64 { closing.lastClosedEndMs(at: streamTime.timestampMs) }

    /// Returns the ends of the windows whose final results are to be forwarded now; `nil` if there are none, or if it is too
    /// early to look for them.
    @inlinable
    mutating func endsToEmit() -> ClosedRange<Int64>? {
        guard emit == .onWindowClose else { return nil }
        let emitted = Moment(ms: emitted.timestampMs)
        let (first, last) = ((closing.includesEnd ? emitted : emitted.next).notBeforeEpoch.ms, lastClosedEndMs)
        guard first <= last else { return nil }
        let now = Moment(ms: clock.monotonicMs)
        guard now >= nextEmission else { return nil }
        nextEmission = now + TimeSpan(ms: clock.emitIntervalMs)
        return first...last
    }

    /// The latest end of a window that has been forwarded, computed from the time that is kept for it.
    @usableFromInline
    static func lastEmittedEndMs(_ emittedMs: Int64, _ closing: WindowClosing) -> Int64 {
        closing.includesEnd ? Moment(ms: emittedMs).previous.ms : emittedMs
    }

    /// Records that the windows that end at or before a moment have been forwarded.
    @inlinable
    func noteEmitted(throughEndMs endMs: Int64) {
        emitted.timestampMs = closing.includesEnd ? Moment(ms: endMs).next.ms : endMs
    }
}

/// A time that is committed with the task's offsets. A restart never sets it back.
@usableFromInline
package final class KeptTime {
    /// Milliseconds since the epoch; −1 if there is none.
    @usableFromInline package var timestampMs: Int64 = -1

    package init() {}
}
