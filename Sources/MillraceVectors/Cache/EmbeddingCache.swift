/// Embeddings in memory, in front of a durable source.
///
/// ```swift
/// let cache = try EmbeddingCache("cases", source: source)
/// let embedding = try await cache.get("case-17")
/// ```
///
/// What is in memory is answered at once, by any thread. What is not is loaded once, however many ask for it, while a bound holds for
/// the loads that run and for the keys that wait. That a key is absent is remembered for a while. A cache with
/// announcements tells others what it has loaded, and loads what they tell, while ``run()`` runs. docs/embedding-cache.md has more.
public final class EmbeddingCache: Sendable {
    /// The name of the cache in metrics.
    public let name: String
    /// The configuration.
    public let configuration: EmbeddingCacheConfiguration
    let core: CacheCore
    let source: any EmbeddingSource
    let announcements: (any EmbeddingAnnouncements)?
    let clock: any CacheClock
    let pending = PendingLoads()
    let watchers = ChangeWatchers()

    /// Makes an empty cache.
    ///
    /// - Parameters:
    ///   - name: The name of the cache in metrics; "embeddings" by default.
    ///   - source: The place from which it loads.
    ///   - announcements: The channel to other caches of the same source; none by default.
    ///   - configuration: The bounds.
    /// - Throws: `EmbeddingCacheError` with code `.invalidConfiguration`, which lists all problems.
    public convenience init(
        _ name: String = "embeddings", source: any EmbeddingSource, announcements: (any EmbeddingAnnouncements)? = nil,
        configuration: EmbeddingCacheConfiguration = EmbeddingCacheConfiguration()
    ) throws(EmbeddingCacheError) {
        try self.init(
            name, source: source, announcements: announcements, configuration: configuration,
            clock: MonotonicCacheClock(), seed: .random(in: .min ... .max))
    }

    package init(
        _ name: String, source: any EmbeddingSource, announcements: (any EmbeddingAnnouncements)?,
        configuration: EmbeddingCacheConfiguration, clock: any CacheClock, seed: UInt64,
        rules: CacheRules = CacheRules()
    ) throws(EmbeddingCacheError) {
        try configuration.validate()
        self.name = name
        self.configuration = configuration
        self.source = source
        self.announcements = announcements
        self.clock = clock
        core = CacheCore(configuration, sourceBatchCount: source.maxBatchCount, seed: seed, rules: rules)
    }

    package convenience init(
        _ name: String, source: any EmbeddingSource, announcements: (any EmbeddingAnnouncements)? = nil,
        configuration: EmbeddingCacheConfiguration, clock: any CacheClock
    ) throws(EmbeddingCacheError) {
        try self.init(
            name, source: source, announcements: announcements, configuration: configuration, clock: clock, seed: 1)
    }

    // MARK: Reading

    /// The answer of the memory alone.
    public enum Cached: Sendable, Hashable {
        /// The embedding is in memory.
        case found(Embedding)
        /// It is remembered that the source has none.
        case absent
        /// Nothing is known.
        case unknown
    }

    /// Returns what is in memory, without asking the source.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - namespace: The namespace of the key; the empty text by default.
    public func cached(_ key: String, in namespace: String = "") -> Cached {
        switch core.lookup(EmbeddingKey(key, in: namespace), nowMs: clock.nowMs) {
        case .found(let embedding): .found(embedding)
        case .absent: .absent
        case .missing: .unknown
        }
    }

    /// Returns the embedding of a key, from memory or from the source.
    ///
    /// A hit neither suspends nor changes the actor. If the caller's task is cancelled while it waits, the load goes on for the others.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - namespace: The namespace of the key; the empty text by default.
    ///   - timeout: The longest time to wait; `loadTimeout` of the configuration by default.
    /// - Returns: The embedding, or `nil` if the source has none.
    /// - Throws: `EmbeddingCacheError` with code `.sourceFailed`, `.invalidVector`, `.timedOut`, `.tooManyWaiting` or `.closed`;
    ///   `CancellationError`. No error is remembered: the next call asks the source again.
    nonisolated(nonsending)
        public func get(_ key: String, in namespace: String = "", within timeout: Duration? = nil) async throws
        -> Embedding?
    {
        let key = EmbeddingKey(key, in: namespace)
        switch core.lookup(key, nowMs: clock.nowMs) {
        case .found(let embedding): return embedding
        case .absent: return nil
        case .missing: return try await load([key], within: timeout)[key]
        }
    }

    /// Returns the embeddings of several keys. Those that are missing are loaded together.
    ///
    /// - Parameters:
    ///   - keys: The keys.
    ///   - namespace: The namespace of the keys; the empty text by default.
    ///   - timeout: The longest time to wait; `loadTimeout` of the configuration by default.
    /// - Returns: The embeddings that there are, by key.
    /// - Throws: The first error, as ``get(_:in:within:)`` throws it.
    nonisolated(nonsending)
        public func get(_ keys: [String], in namespace: String = "", within timeout: Duration? = nil) async throws
        -> [String: Embedding]
    {
        var found: [String: Embedding] = [:]
        var missing: [EmbeddingKey] = []
        var seen: Set<String> = []
        for key in keys where seen.insert(key).inserted {
            let key = EmbeddingKey(key, in: namespace)
            switch core.lookup(key, nowMs: clock.nowMs) {
            case .found(let embedding): found[key.key] = embedding
            case .absent: break
            case .missing: missing.append(key)
            }
        }
        if missing.isEmpty { return found }
        for (key, embedding) in try await load(missing, within: timeout) { found[key.key] = embedding }
        return found
    }

    /// Says that a key has changed in the source: this cache loads it anew, and the others are told.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - namespace: The namespace of the key; the empty text by default.
    ///   - version: The version that the source has now; `nil`, the default, if it is not known.
    public func changed(_ key: String, in namespace: String = "", version: Int64? = nil) {
        perform(core.changed(EmbeddingKey(key, in: namespace), version: version, nowMs: clock.nowMs))
    }

    /// Waits until a condition holds, which is looked at whenever the cache has done something that concerns loads.
    ///
    /// - Throws: `CancellationError`.
    package func until(_ condition: () -> Bool) async throws { try await watchers.until(condition) }

    /// The figures of the cache.
    public var measures: EmbeddingCacheMeasures { core.measures }
}
