public import Millrace

/// The figures of a cache since its start, and of its present contents.
public struct EmbeddingCacheMeasures: Sendable, Hashable {
    /// The contents of one namespace.
    public struct Namespace: Sendable, Hashable {
        /// The bytes that the entries take.
        public var bytes = 0
        /// The number of entries, remembered absences included.
        public var entries = 0

        /// Makes the contents of an empty namespace.
        public init() {}
    }

    /// The requests that were answered from memory, also with an absence.
    public var hits = 0
    /// The requests that had to wait for the source.
    public var misses = 0
    /// The keys that were loaded and found.
    public var foundKeys = 0
    /// The keys that were loaded and are absent.
    public var absentKeys = 0
    /// The keys that were given up, because their loads failed until nobody waited any more, or their vector cannot be used.
    public var failedKeys = 0
    /// The loads that failed. Their keys are loaded again.
    public var failedLoads = 0
    /// The loads that have failed since the source last answered; 0 while it answers.
    public var failuresInARow = 0
    /// The times of loads, from the call of the source to its answer. A load may have several keys.
    public var loadLatency = LatencyHistogram()
    /// The loads that run.
    public var runningLoads = 0
    /// The keys that wait to be loaded because somebody asks for them.
    public var waitingKeys = 0
    /// The announced keys that wait to be loaded.
    public var waitingAnnouncements = 0
    /// The entries that left the cache, by reason.
    public var evictions: [EmbeddingEvictionReason: Int] = [:]
    /// The contents by namespace.
    public var namespaces: [String: Namespace] = [:]
    /// The most bytes that the entries may take.
    public var capacityInBytes = 0
    /// The announcements that were handed over to be published.
    public var publishedAnnouncements = 0
    /// The announcements of others that led to a load.
    public var loadedAnnouncements = 0
    /// The announcements of others that brought nothing new.
    public var knownAnnouncements = 0
    /// The announcements of others that were dropped because too many waited.
    public var droppedAnnouncements = 0
    /// The announced versions that were forgotten before a load had brought them, because too many were remembered. An old copy in a source in
    /// front of the durable one may count as the newest after that.
    public var forgottenAnnouncements = 0

    /// Makes the figures of a cache that has done nothing.
    public init() {}

    /// The bytes that all entries take.
    public var bytes: Int { namespaces.values.reduce(0) { $0 + $1.bytes } }
    /// The number of all entries.
    public var entries: Int { namespaces.values.reduce(0) { $0 + $1.entries } }
}
