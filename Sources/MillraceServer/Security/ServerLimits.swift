/// The bounds of what clients can ask of a server at once.
public struct ServerLimits: Sendable, Hashable {
    /// The greatest size of a request's body. 1 MiB by default.
    public var maxBodySizeInBytes = 1 << 20
    /// The greatest size of all headers of a request together. 64 KiB by default.
    public var maxHeaderSizeInBytes = 64 << 10
    /// The number of connections at once; more wait until one is closed. 256 by default.
    public var maxConnections = 256
    /// The number of scans that run at once. A client that asks for one more gets status 429. 16 by default.
    public var maxScans = 16
    /// The number of searches of indexes that run at once. A client that asks for one more gets status 429. 32 by default.
    public var maxSearches = 32
    /// The number of streams of changes at once. A client that asks for one more gets status 429. 64 by default.
    public var maxChangeStreams = 64
    /// The number of explanations that are made at once. A client that asks for one more gets status 429. 2 by default.
    public var maxExplanations = 2
    /// The number of records that an explanation reads. The answer says if there were more. 100,000 by default.
    public var maxExplanationRecords = 100_000
    /// The size of the records that an explanation reads. The answer says if there were more. 64 MiB by default.
    public var maxExplanationSizeInBytes = 64 << 20
    /// The number of keys in one request. 10,000 by default.
    public var maxBatchKeys = 10_000
    /// The number of entries in a page, and of matches of a search. 1,000 by default.
    public var maxPageEntries = 1_000
    /// The time that a request may wait, and for which a client can ask. 30 s by default.
    public var maxTimeout: Duration = .seconds(30)
    /// The time that a request waits if it does not say. 5 s by default.
    public var defaultTimeout: Duration = .seconds(5)
    /// The time after which a connection without a request is closed. 60 s by default.
    public var idleTimeout: Duration = .seconds(60)
    /// The time within which a reader of a stream has to take what was sent. Then it is dropped. 10 s by default.
    public var slowReaderTimeout: Duration = .seconds(10)

    /// The defaults.
    public init() {}

    /// Returns everything that is wrong, in words.
    func problems() -> [String] {
        let counts: [(String, Int)] = [
            ("body size", maxBodySizeInBytes), ("header size", maxHeaderSizeInBytes), ("connections", maxConnections),
            ("scans", maxScans), ("searches", maxSearches), ("change streams", maxChangeStreams),
            ("batch keys", maxBatchKeys),
            ("page entries", maxPageEntries), ("explanations", maxExplanations),
            ("explanation records", maxExplanationRecords), ("explanation size", maxExplanationSizeInBytes),
        ]
        let times: [(String, Duration)] = [
            ("longest timeout", maxTimeout), ("default timeout", defaultTimeout), ("idle timeout", idleTimeout),
            ("slow reader timeout", slowReaderTimeout),
        ]
        return counts.filter { $0.1 < 1 }.map { "the limit of \($0.0) must be at least 1" }
            + times.filter { $0.1 <= .zero }.map { "the \($0.0) must be more than nothing" }
    }
}
