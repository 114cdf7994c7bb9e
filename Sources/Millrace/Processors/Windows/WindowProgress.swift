/// How far a windowed operator has got: its stream time, and up to which moment it has handed closed windows on.
///
/// Both are committed with the offsets and so outlive the task, as does what waits to be handed on. Kafka keeps the second one
/// only, and so forgets after a restart which windows were closed already. Kafka: `ProcessorMetadata`.
@usableFromInline
struct WindowProgress {
    @usableFromInline let streamTime: KeptTime
    @usableFromInline let closed: KeptTime
    @usableFromInline let context: any TaskContext
    @usableFromInline let emit: EmitStrategy
    /// The monotonic clock's time before which closed windows are not looked for again.
    @usableFromInline var nextEmission: Moment = .distantPast
    /// What would have been the oldest to hand on when that was put off; −1 while nothing was.
    @usableFromInline let waitingFrom: KeptTime

    /// - Parameter storeName: the operator's store, under whose name Kafka Streams keeps the latter too.
    @usableFromInline
    init(of node: NodeInstance, storeName: String, emit: EmitStrategy) {
        context = node.context
        streamTime = context.keptTime(named: "\(node.name)-stream-time")
        closed = context.keptTime(named: storeName)
        waitingFrom = context.keptTime(named: "\(node.name)-waiting-from")
        self.emit = emit
    }

    /// Moves the stream time on and returns it.
    @inlinable
    func advance(to timestampMs: Int64) -> Int64 {
        if timestampMs > streamTime.timestampMs { streamTime.timestampMs = timestampMs }
        return streamTime.timestampMs
    }

    /// The moment up to which windows that take records for a grace after their end are closed.
    ///
    /// Stream time counts as right before the end of time at most: a window that lasts until then never closes.
    @inlinable
    func closeTime(grace: TimeSpan) -> Moment {
        min(Moment(ms: streamTime.timestampMs), Moment.distantFuture.previous) - grace
    }

    /// Whether closed windows are to be looked for now: there may be new ones, and enough time has passed.
    ///
    /// What expires before it is handed on, by a step of stream time that is longer than the retention, is lost in Kafka
    /// Streams. It is lost here only where a single record makes that step; never for want of time to look.
    ///
    /// - Parameters:
    ///   - closeMs: the moment up to which windows are closed.
    ///   - unexpiredMs: the oldest time that has not expired, where what has expired is not handed on.
    /// - Returns: the moment from which on windows have to begin to be handed on; `nil` where it is not the time.
    @inlinable
    mutating func oldestToEmit(closeMs: Int64, unexpiredMs: Int64? = nil) -> Int64? {
        guard emit == .onWindowClose, closed.timestampMs < 0 || closed.timestampMs < closeMs else { return nil }
        var oldestMs: Int64 = 0
        if let unexpiredMs {
            let waitingMs = waitingFrom.timestampMs
            oldestMs = max(0, waitingMs < 0 ? unexpiredMs : min(waitingMs, unexpiredMs))
        }
        let now = Moment(ms: context.monotonicMs)
        guard now >= nextEmission else {
            if unexpiredMs != nil { waitingFrom.timestampMs = oldestMs }
            return nil
        }
        nextEmission = now + TimeSpan(ms: context.emitIntervalMs)
        waitingFrom.timestampMs = -1
        return oldestMs
    }
}

/// A time that is committed with the task's offsets. It never goes back over a restart.
@usableFromInline
package final class KeptTime {
    /// Milliseconds since the epoch; −1 while there is none.
    @usableFromInline package var timestampMs: Int64 = -1

    package init() {}
}
