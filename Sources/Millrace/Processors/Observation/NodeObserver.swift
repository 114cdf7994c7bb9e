/// Is told what the operators of a task do with each record. No operator calls it: the entrances of the nodes do, if there is an
/// observer when the task is instantiated. Without one a record's path is the same as if observers did not exist.
@usableFromInline
package protocol NodeObserver: AnyObject {
    /// A record enters a node.
    ///
    /// - Parameter origin: the record of a topic on whose behalf this happens.
    func enter(_ node: String, origin: RecordMetadata?, key: Any?, value: Any?, timestampMs: Int64)

    /// The node that was entered last has returned.
    ///
    /// - Parameter silence: returns the meaning of it if the node has handed nothing on; `nil` if nothing is known.
    func leave(_ silence: () -> Silence?)

    /// The node has dropped a record.
    func dropped(_ reason: DropReason, at node: String, origin: RecordMetadata?, late: Lateness?)

    /// User code of the node has thrown, and a handler has decided.
    func failed(_ error: StreamsError, at node: String, origin: RecordMetadata?, response: ErrorResponse)

    /// A record was written to a topic.
    func sent(
        to topic: String, partition: Int32, offset: Int64, key: [UInt8]?, value: [UInt8]?, timestampMs: Int64)
}

/// The time by which a record was too late for a window.
@usableFromInline
package struct Lateness: Hashable, Sendable {
    package var windowStartMs: Int64
    package var windowEndMs: Int64
    package var streamTimeMs: Int64
    /// The time after its end for which the window was open.
    package var graceMs: Int64
    /// The time by which the stream had passed the window's close.
    package var byMs: Int64

    @usableFromInline
    init(_ window: Window, streamTimeMs: Int64, lastClosedEndMs: Int64) {
        (windowStartMs, windowEndMs) = (window.startMs, window.endMs)
        self.streamTimeMs = streamTimeMs
        graceMs = max(.zero, Moment(ms: streamTimeMs) - Moment(ms: lastClosedEndMs)).ms
        byMs = max(.zero, Moment(ms: lastClosedEndMs) - Moment(ms: window.endMs)).ms
    }
}

/// The meaning of a node's handing on nothing.
@usableFromInline
package enum Silence {
    /// A predicate was false.
    case filtered
    /// No predicate of a split was true, and there is no default branch.
    case noBranch
    /// The function made no records of this one.
    case madeNothing
    /// A table has no value to join with.
    case noMatch
    /// The record waits for one of another stream.
    case waits(JoinWait)
    /// The change is held back.
    case suppressed(untilMs: Int64?, streamTimeMs: () -> Int64)
    /// The result comes when the window is closed.
    case windowOpen
}

/// The wait of a record for a match in another stream.
@usableFromInline
package struct JoinWait {
    /// The node through which the other stream's records pass.
    package var other: String
    /// The timestamps of the records that match; `nil` if none can.
    package var matches: ClosedRange<Int64>?
    /// The stream time at which the wait is over.
    package var untilMs: Int64
    /// Whether the record has a result of its own then.
    package var keepsUnmatched: Bool
    package var streamTimeMs: () -> Int64

    @usableFromInline
    init(
        other: String, matches: ClosedRange<Int64>?, untilMs: Int64, keepsUnmatched: Bool,
        streamTimeMs: @escaping () -> Int64
    ) {
        self.other = other
        self.matches = matches
        self.untilMs = untilMs
        self.keepsUnmatched = keepsUnmatched
        self.streamTimeMs = streamTimeMs
    }
}

extension NodeInstance {
    /// Returns an entrance of this node that tells the observer of each record.
    @usableFromInline
    func observed<Key, Value>(
        _ forward: Forward<Key, Value>, by observer: any NodeObserver,
        _ silence: ((Record<Key, Value>) -> Silence)?
    ) -> Forward<Key, Value> {
        let (name, origins) = (name, origins)
        return Forward { record in
            observer.enter(
                name, origin: origins.recordMetadata, key: record.key, value: record.value,
                timestampMs: record.timestampMs)
            defer { observer.leave { silence?(record) } }
            try forward(record)
        }
    }
}
