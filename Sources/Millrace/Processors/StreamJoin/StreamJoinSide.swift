/// One of the two streams of a join, and the store of its records.
@usableFromInline
struct StreamJoinSide<Value>: Sendable {
    @usableFromInline var isLeft: Bool
    /// The node that keeps the records, and its name.
    @usableFromInline var window: Int
    @usableFromInline var windowName: String
    /// The store that it keeps them in.
    @usableFromInline var store: String
    @usableFromInline var value: Serde<Value>

    @usableFromInline
    init(isLeft: Bool, window: Int, windowName: String, store: String, value: Serde<Value>) {
        self.isLeft = isLeft
        self.window = window
        self.windowName = windowName
        self.store = store
        self.value = value
    }
}

/// The times that both sides of a join share. Kafka: `KStreamImplJoin.TimeTracker`.
@usableFromInline
final class StreamJoinTime {
    @usableFromInline let streamTime: KeptTime
    @usableFromInline let windows: JoinWindows
    /// The time that decides when to look at records without a match again. It is the time of the oldest one that has
    /// arrived since the last look, or of the last one that was looked at then. `.min` if it is not known, after a restart,
    /// `.max` if there is none.
    ///
    /// Kafka Streams does the same, and it affects the results: a record whose wait is over may wait for younger ones.
    @usableFromInline var oldestUnmatchedMs: Int64 = .min

    @usableFromInline
    init(streamTime: KeptTime, _ windows: JoinWindows) {
        self.streamTime = streamTime
        self.windows = windows
    }

    /// The name under which the time is kept.
    ///
    /// - Parameter store: the left side's store.
    @usableFromInline
    static func name(ofStore store: String) -> String { "\(store)-stream-time" }

    /// The highest timestamp of either stream; −1 if there is none. Unlike in Kafka Streams it outlives the task.
    @inlinable var streamTimeMs: Int64 { streamTime.timestampMs }

    @inlinable
    func advance(to timestampMs: Int64) {
        if timestampMs > streamTime.timestampMs { streamTime.timestampMs = timestampMs }
    }

    @inlinable
    func noteUnmatched(at timestampMs: Int64) {
        if oldestUnmatchedMs == .min { return }
        oldestUnmatchedMs = min(oldestUnmatchedMs, timestampMs)
    }

    /// Whether the window that contains a record's possible matches is closed.
    @inlinable
    func isClosed(_ timestampMs: Int64, isLeft: Bool) -> Bool {
        windows.closing.isClosed(endMs: windows.endMs(ofRecordAt: timestampMs, isLeft: isLeft), at: streamTimeMs)
    }
}

extension NodeInstance {
    /// Returns the times that both sides of a join share.
    ///
    /// - Parameter store: the left side's store.
    @usableFromInline
    func streamJoinTime(of store: String, _ windows: JoinWindows) -> StreamJoinTime {
        sharedObjects.shared(named: store) {
            StreamJoinTime(streamTime: keptTimes.keptTime(named: StreamJoinTime.name(ofStore: store)), windows)
        }
    }
}
