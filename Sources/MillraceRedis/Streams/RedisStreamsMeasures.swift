import Synchronization

/// The figures of the readers of streams in this process.
public final class RedisStreamsMeasures: Sendable {
    /// The figures of one stream.
    public struct Stream: Sendable, Hashable {
        /// The number of entries that were read.
        public var readCount = 0
        /// The number of entries that were trimmed or deleted before they were read, as far as it is known.
        public var lostCount = 0
        /// The number of times at which entries were missing, or the stream was not the same any more.
        public var losses = 0
        /// The sentence about the last loss; `nil` for none.
        public var lastLoss: String?
        /// The number of entries that are not read yet; `nil` if it is not known.
        public var lag: Int?
        /// The number of entries that a trim can remove before it meets one that is not read; `nil` if it is not known, or as
        /// long as nothing was ever removed. When it is 0, the next trim loses something, unless everything is read.
        public var trimMargin: Int?
    }

    private let state = Mutex<[String: Stream]>([:])

    init() {}

    /// The figures by the streams' keys.
    public var streams: [String: Stream] { state.withLock { $0 } }

    subscript(stream: String) -> Stream? { state.withLock { $0[stream] } }

    func update(_ stream: String, _ body: (inout Stream) -> Void) {
        state.withLock { body(&$0[stream, default: Stream()]) }
    }
}
