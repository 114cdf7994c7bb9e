/// How far a windowed operator has got: its stream time, and up to which moment it has handed closed windows on.
///
/// Both are committed with the offsets and so outlive the task. Kafka keeps the second one only, and so forgets after a restart
/// which windows were closed already. Kafka: `ProcessorMetadata`.
@usableFromInline
struct WindowProgress {
    @usableFromInline let closing: WindowClosing
    @usableFromInline let streamTime: KeptTime
    /// Stream time less the wait of the windows that were handed on last, as Kafka has it.
    @usableFromInline let emitted: KeptTime
    @usableFromInline let context: any TaskContext
    @usableFromInline let emit: EmitStrategy
    /// The monotonic clock's time before which closed windows are not looked for again.
    @usableFromInline var nextEmission: Moment = .distantPast

    /// - Parameters:
    ///   - timeName: the name under which the stream time is kept. Operators with one name share it.
    ///   - storeName: the operator's store, under whose name Kafka Streams keeps how far it has handed windows on too.
    @usableFromInline
    init(of node: NodeInstance, timeName: String, storeName: String, emit: EmitStrategy, closing: WindowClosing) {
        self.closing = closing
        context = node.context
        streamTime = context.keptTime(named: timeName)
        emitted = emit == .onWindowClose ? context.keptTime(named: storeName) : KeptTime()
        self.emit = emit
    }

    /// Moves the stream time on.
    @inlinable
    func advance(to timestampMs: Int64) {
        if timestampMs > streamTime.timestampMs { streamTime.timestampMs = timestampMs }
    }

    @inlinable
    func isClosed(_ window: Window) -> Bool { closing.isClosed(endMs: window.endMs, at: streamTime.timestampMs) }

    /// The latest end that a closed window has.
    @inlinable
    var lastClosedEndMs: Int64 { closing.lastClosedEndMs(at: streamTime.timestampMs) }

    /// The ends of the windows whose final results are to be handed on now; `nil` where there are none, or where it is not the
    /// time to look for them.
    @inlinable
    mutating func endsToEmit() -> ClosedRange<Int64>? {
        guard emit == .onWindowClose else { return nil }
        let emitted = Moment(ms: emitted.timestampMs)
        let (first, last) = ((closing.includesEnd ? emitted : emitted.next).notBeforeEpoch.ms, lastClosedEndMs)
        guard first <= last else { return nil }
        let now = Moment(ms: context.monotonicMs)
        guard now >= nextEmission else { return nil }
        nextEmission = now + TimeSpan(ms: context.emitIntervalMs)
        return first...last
    }

    /// The latest end of a window that has been handed on, by the time that is kept of it.
    @usableFromInline
    static func lastEmittedEndMs(_ emittedMs: Int64, _ closing: WindowClosing) -> Int64 {
        closing.includesEnd ? Moment(ms: emittedMs).previous.ms : emittedMs
    }

    /// Notes that the windows that end at a moment or before have been handed on.
    @inlinable
    func noteEmitted(throughEndMs endMs: Int64) {
        emitted.timestampMs = closing.includesEnd ? Moment(ms: endMs).next.ms : endMs
    }
}

/// A time that is committed with the task's offsets. It never goes back over a restart.
@usableFromInline
package final class KeptTime {
    /// Milliseconds since the epoch; −1 while there is none.
    @usableFromInline package var timestampMs: Int64 = -1

    package init() {}
}
