/// One of the two streams of a join: where its records are kept.
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

/// What both sides of a join know of time. Kafka: `KStreamImplJoin.TimeTracker`.
@usableFromInline
final class StreamJoinTime {
    @usableFromInline let streamTime: KeptTime
    @usableFromInline let windows: JoinWindows
    /// When to look at records without a match again: the time of the oldest that has come since they were looked at last, or
    /// of the last one that was looked at then. `.min` where that is not known, after a restart, `.max` where there is none.
    ///
    /// It is Kafka Streams' way, and shows in its results: a record whose time is over may wait for younger ones.
    @usableFromInline var oldestUnmatchedMs: Int64 = .min

    @usableFromInline
    init(streamTime: KeptTime, _ windows: JoinWindows) {
        self.streamTime = streamTime
        self.windows = windows
    }

    /// The name under which the time is kept.
    ///
    /// - Parameter store: the left side's.
    @usableFromInline
    static func name(ofStore store: String) -> String { "\(store)-stream-time" }

    /// The highest timestamp of either stream; −1 while there is none. Unlike Kafka Streams' it outlives the task.
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

    /// Whether the window of a record is closed, which holds the record's possible matches.
    @inlinable
    func isClosed(_ timestampMs: Int64, isLeft: Bool) -> Bool {
        windows.closing.isClosed(endMs: windows.endMs(ofRecordAt: timestampMs, isLeft: isLeft), at: streamTimeMs)
    }
}

extension NodeInstance {
    /// What both sides of a join know of time.
    ///
    /// - Parameter store: the left side's.
    @usableFromInline
    func streamJoinTime(of store: String, _ windows: JoinWindows) -> StreamJoinTime {
        context.shared(named: store) {
            StreamJoinTime(streamTime: context.keptTime(named: StreamJoinTime.name(ofStore: store)), windows)
        }
    }
}
