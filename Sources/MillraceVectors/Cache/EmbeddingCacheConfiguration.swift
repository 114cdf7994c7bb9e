/// The bounds of an ``EmbeddingCache``.
public struct EmbeddingCacheConfiguration: Sendable {
    /// The most bytes that the entries take, by ``EmbeddingCache``'s own count; 256 MiB by default.
    public var capacityInBytes = 256 << 20
    /// Which entry has to go when there is no room; ``EmbeddingEvictionPolicy/leastFrequentlyUsed`` by default.
    public var evictionPolicy = EmbeddingEvictionPolicy.leastFrequentlyUsed
    /// The time for which an embedding is kept; `nil`, the default, for no limit.
    public var timeToLive: Duration?
    /// The time for which it is remembered that a key is absent; 30 s by default. An announcement ends it.
    public var absenceTimeToLive = Duration.seconds(30)
    /// The settings of namespaces by name.
    public var namespaces: [String: EmbeddingNamespace] = [:]
    /// The settings of each namespace that is not in ``namespaces``. It cannot have a guaranteed share.
    public var otherNamespaces = EmbeddingNamespace()
    /// The most loads that run at once; 4 by default.
    public var maxConcurrentLoads = 4
    /// The most keys that wait to be loaded because somebody asks for them; 1,000 by default. Beyond them a caller gets an error.
    public var maxWaitingKeys = 1_000
    /// The most keys of one load, if the source can load several; 100 by default.
    public var maxBatchCount = 100
    /// The time within which a load has to answer, and the time for which a caller waits who names none; 5 s by default.
    public var loadTimeout = Duration.seconds(5)
    /// The time before a failed load is repeated; 50 ms by default. It doubles with each failure, and up to half of it is taken off by chance.
    public var retryDelay = Duration.milliseconds(50)
    /// The longest time before a failed load is repeated, and so between two loads from a source that is away; 1 s by default.
    public var maxRetryDelay = Duration.seconds(1)
    /// Whether keys that others announce are loaded even if nobody has asked for them here; `true` by default.
    public var loadsAnnouncedKeys = true
    /// The most announced keys that wait to be loaded; 10,000 by default. Beyond them announcements are dropped, and what they outdate
    /// is forgotten.
    public var maxWaitingAnnouncements = 10_000
    /// The most announced versions that are remembered because no load has brought them yet; 10,000 by default. Beyond them the oldest
    /// is forgotten, and counted.
    public var maxOwedVersions = 10_000
    /// The name of this cache among those that share announcements. It has to be different in each; random by default.
    public var origin: String

    /// The new embeddings of a namespace from which on they are moved into an index for searches.
    package var indexedFrom = 4_096

    /// Makes a configuration with the defaults.
    public init() { origin = "cache-" + String(UInt64.random(in: .min ... .max), radix: 16) }

    func settings(of namespace: String) -> EmbeddingNamespace { namespaces[namespace] ?? otherNamespaces }

    /// Checks the configuration.
    ///
    /// - Throws: `EmbeddingCacheError` with code `.invalidConfiguration`, which lists all problems.
    func validate() throws(EmbeddingCacheError) {
        var problems: [String] = []
        for (name, value) in [
            ("capacityInBytes", capacityInBytes), ("maxConcurrentLoads", maxConcurrentLoads),
            ("maxWaitingKeys", maxWaitingKeys), ("maxBatchCount", maxBatchCount),
            ("maxWaitingAnnouncements", maxWaitingAnnouncements), ("maxOwedVersions", maxOwedVersions),
        ] where value < 1 {
            problems.append("\(name) has to be at least 1, not \(value)")
        }
        for (name, value) in [
            ("timeToLive", timeToLive ?? .seconds(1)), ("absenceTimeToLive", absenceTimeToLive),
            ("loadTimeout", loadTimeout), ("retryDelay", retryDelay), ("maxRetryDelay", maxRetryDelay),
        ] where value <= .zero {
            problems.append("\(name) has to be longer than zero, not \(value)")
        }
        if otherNamespaces.guaranteedBytes != 0 {
            problems.append("otherNamespaces cannot have a guaranteed share, because their number is not known")
        }
        var rest = capacityInBytes
        for (name, namespace) in namespaces.sorted(by: { $0.key < $1.key }) + [("(others)", otherNamespaces)] {
            problems += namespace.problems.map { "namespace \(name): \($0)" }
            rest = rest.subtractingReportingOverflow(max(0, namespace.guaranteedBytes)).partialValue
            if rest < 0 {
                problems.append("the guaranteed shares are more than the capacity of \(capacityInBytes) bytes")
                rest = .max
            }
        }
        if !problems.isEmpty { throw EmbeddingCacheError(.invalidConfiguration, problems.joined(separator: "; ")) }
    }
}

/// The settings of a namespace of a cache.
public struct EmbeddingNamespace: Sendable, Hashable {
    /// The share in bytes that other namespaces cannot take away; 0 by default.
    public var guaranteedBytes: Int
    /// The most bytes that the namespace takes; `nil`, the default, for no limit of its own.
    public var maxBytes: Int?
    /// The number of components of every vector; `nil`, the default, for any.
    public var dimensions: Int?
    /// The measure by which the namespace is searched; `nil`, the default, for no search. A search needs ``dimensions``.
    public var metric: VectorMetric?

    /// Makes the settings of a namespace.
    ///
    /// - Parameters:
    ///   - guaranteedBytes: The share that other namespaces cannot take away; 0 by default.
    ///   - maxBytes: The most bytes that the namespace takes; no limit by default.
    ///   - dimensions: The number of components of every vector; any by default.
    ///   - metric: The measure by which the namespace is searched; no search by default.
    public init(
        guaranteedBytes: Int = 0, maxBytes: Int? = nil, dimensions: Int? = nil, metric: VectorMetric? = nil
    ) {
        self.guaranteedBytes = guaranteedBytes
        self.maxBytes = maxBytes
        self.dimensions = dimensions
        self.metric = metric
    }

    fileprivate var problems: [String] {
        var problems: [String] = []
        if guaranteedBytes < 0 { problems.append("guaranteedBytes is negative") }
        if let maxBytes, maxBytes < max(1, guaranteedBytes) {
            problems.append("maxBytes is less than 1 or than guaranteedBytes")
        }
        if metric != nil, dimensions == nil { problems.append("a search needs the number of dimensions") }
        if let dimensions, !RowFormat.possibleDimensions.contains(dimensions) {
            problems.append("dimensions has to be from 1 to \(RowFormat.possibleDimensions.upperBound)")
        }
        return problems
    }

    /// The rows of a search; `nil` if there is none.
    var rowFormat: RowFormat? {
        guard let dimensions, let metric else { return nil }
        return try? RowFormat(dimensions: dimensions, metric: metric)
    }
}

/// The choice of the entry that has to go when there is no room.
public enum EmbeddingEvictionPolicy: String, Sendable, CaseIterable {
    /// The entry that has not been read for the longest time.
    case leastRecentlyUsed
    /// An entry that is seldom read (W-TinyLFU): many keys that are read once do not push out those that are read often.
    case leastFrequentlyUsed
}

/// The reason why an entry left a cache before somebody replaced it.
public enum EmbeddingEvictionReason: String, Sendable, CaseIterable {
    /// The cache was full.
    case capacity
    /// The namespace had its most bytes.
    case quota
    /// Its time was over.
    case expired
    /// An announcement said that there is a newer version, which could not be loaded.
    case outdated
}
