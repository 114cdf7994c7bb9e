import Synchronization

/// A source of embeddings that can also be written.
public protocol EmbeddingStore: EmbeddingSource {
    /// Writes embeddings, unless the store has newer ones.
    ///
    /// - Parameter embeddings: The embeddings, by their keys.
    /// - Throws: Any `Error` if the store cannot take them.
    func store(_ embeddings: [EmbeddingKey: Embedding]) async throws

    /// Removes embeddings, unless the store has newer ones.
    ///
    /// - Parameter versions: The versions that are to be removed, by their keys.
    /// - Throws: Any `Error` if the store cannot do that.
    func remove(_ versions: [EmbeddingKey: Int64]) async throws
}

/// A source in front of another one: a fast one that need not have everything, and a slow one that has.
///
/// Keys that the first one lacks, has in an older version than the cache has heard of, or cannot answer in time, are loaded from the second one
/// and written into the first one for the next reader; a copy that is known to be outdated is removed from the first one. Nobody waits
/// for that. For more than two sources, the second one is layered itself.
///
/// ```swift
/// let source = LayeredEmbeddings(redis, over: postgres)
/// let cache = try EmbeddingCache("agents", source: source)
/// ```
public final class LayeredEmbeddings: EmbeddingSource {
    /// The figures of the layers.
    public struct Measures: Sendable, Hashable {
        /// The number of keys that the first source had.
        public var frontCount = 0
        /// The number of keys that the second source had.
        public var backCount = 0
        /// The number of keys that the first source had in a version that was known to be outdated.
        public var outdatedCount = 0
        /// The number of keys that neither had.
        public var absentCount = 0
        /// The number of loads that the first source failed to answer.
        public var frontFailures = 0
        /// The number of keys that were written into the first source, or removed from it.
        public var storedCount = 0
        /// The number of keys that could not be written into it, or were not because too many were under way.
        public var unstoredCount = 0
    }

    private let front: any EmbeddingStore
    private let back: any EmbeddingSource
    private let frontTimeout: Duration
    private let state = Mutex((measures: Measures(), storing: 0))

    /// The number of keys that may be on their way into the first source.
    private static let maxStoring = 1_000

    /// Makes a source of two.
    ///
    /// - Parameters:
    ///   - front: The fast source, which is written.
    ///   - back: The durable source.
    ///   - frontTimeout: The time for the first source to answer; 50 ms by default, and at most half of the time of a load.
    public init(
        _ front: any EmbeddingStore, over back: any EmbeddingSource, frontTimeout: Duration = .milliseconds(50)
    ) {
        self.front = front
        self.back = back
        self.frontTimeout = frontTimeout
    }

    public var maxBatchCount: Int { min(front.maxBatchCount, back.maxBatchCount) }

    /// The figures so far.
    public var measures: Measures { state.withLock(\.measures) }

    /// Loads some keys from the first source, and those that it lacks from the second one.
    ///
    /// - Parameters:
    ///   - keys: The keys.
    ///   - timeout: The time after which nobody waits for the answer any more.
    /// - Returns: The embeddings that there are.
    /// - Throws: The `Error` of the second source.
    public func load(_ keys: [EmbeddingKey], within timeout: Duration) async throws -> [EmbeddingKey: Embedding] {
        try await load(keys, atLeast: [:], within: timeout)
    }

    /// Loads some keys from the first source, and those that it lacks, or has in an older version, from the second one.
    ///
    /// - Parameters:
    ///   - keys: The keys.
    ///   - versions: The versions of some of the keys that are known to exist.
    ///   - timeout: The time after which nobody waits for the answer any more.
    /// - Returns: The embeddings that there are.
    /// - Throws: The `Error` of the second source.
    public func load(
        _ keys: [EmbeddingKey], atLeast versions: [EmbeddingKey: Int64], within timeout: Duration
    ) async throws -> [EmbeddingKey: Embedding] {
        let begin = ContinuousClock.now
        var found: [EmbeddingKey: Embedding] = [:]
        do { found = try await front.load(keys, within: min(frontTimeout, timeout / 2)) } catch {
            try Task.checkCancellation()
            state.withLock { $0.measures.frontFailures += 1 }
        }
        let outdated = found.filter { key, embedding in versions[key].map { embedding.version < $0 } ?? false }
        for key in outdated.keys { found[key] = nil }
        let missing = keys.filter { found[$0] == nil }
        state.withLock { state in
            state.measures.frontCount += found.count
            state.measures.outdatedCount += outdated.count
        }
        if missing.isEmpty { return found }
        // At once: if the second source cannot answer now, nobody may take the old copy for the newest later.
        if !outdated.isEmpty {
            changeLater(outdated.count) { [front] in try await front.remove(outdated.mapValues(\.version)) }
        }
        let rest = max(.zero, timeout - (ContinuousClock.now - begin))
        let loaded = try await back.load(missing, atLeast: versions, within: rest)
        state.withLock { state in
            state.measures.backCount += loaded.count
            state.measures.absentCount += missing.count - loaded.count
        }
        if !loaded.isEmpty { changeLater(loaded.count) { [front] in try await front.store(loaded) } }
        return found.merging(loaded) { _, new in new }
    }

    private func changeLater(_ count: Int, _ change: @escaping @Sendable () async throws -> Void) {
        let hasRoom = state.withLock { state in
            guard state.storing + count <= Self.maxStoring else {
                state.measures.unstoredCount += count
                return false
            }
            state.storing += count
            return true
        }
        guard hasRoom else { return }
        Task {
            var isStored = true
            do { try await change() } catch { isStored = false }
            state.withLock { state in
                state.storing -= count
                if isStored { state.measures.storedCount += count } else { state.measures.unstoredCount += count }
            }
        }
    }
}
