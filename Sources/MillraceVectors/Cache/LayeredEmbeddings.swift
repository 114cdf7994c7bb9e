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
/// and written into the first one for the next reader; a copy that is known to be outdated is removed from the first one, as soon as that
/// answers, and passed over until then. Nobody waits for that. For more than two sources, the second one is layered itself.
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
        /// The number of keys that could not be written into it or removed from it, or were not because too many were under way. Removals are
        /// tried again.
        public var unstoredCount = 0
        /// The number of keys whose outdated copies may be in the first source without being known for it, because too many were.
        public var forgottenCount = 0
    }

    private let front: any EmbeddingStore
    private let back: any EmbeddingSource
    private let frontTimeout: Duration
    private let state = Mutex(State())

    private struct State {
        var measures = Measures()
        /// The number of keys that are on their way into the first source.
        var storing = 0
        /// The versions up to which copies in the first source are outdated and have not been removed.
        var owed: [EmbeddingKey: Int64] = [:]
        var isRemoving = false

        mutating func count(_ keys: Int, isDone: Bool) {
            if isDone { measures.storedCount += keys } else { measures.unstoredCount += keys }
        }

        /// Forgets what is owed up to some versions.
        mutating func settle(_ versions: [EmbeddingKey: Int64]) {
            for (key, version) in versions where (owed[key] ?? .max) <= version { owed[key] = nil }
        }
    }

    /// The number of keys that may be on their way into the first source.
    private static let maxStoring = 1_000
    /// The number of keys whose copies may wait for their removal.
    private static let maxOwed = 10_000

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
        var outdatedVersions = outdatedVersions(of: keys)
        var found: [EmbeddingKey: Embedding] = [:]
        var hasAnswered = true
        do { found = try await front.load(keys, within: min(frontTimeout, timeout / 2)) } catch {
            try Task.checkCancellation()
            hasAnswered = false
            state.withLock { $0.measures.frontFailures += 1 }
        }
        // Another load may have found out more meanwhile, or have removed the copy.
        outdatedVersions.merge(self.outdatedVersions(of: keys)) { max($0, $1) }
        let outdated = found.filter { key, embedding in
            versions[key].map { embedding.version < $0 } ?? false
                || outdatedVersions[key].map { embedding.version <= $0 } ?? false
        }
        for key in outdated.keys { found[key] = nil }
        let missing = keys.filter { found[$0] == nil }
        state.withLock { state in
            state.measures.frontCount += found.count
            state.measures.outdatedCount += outdated.count
        }
        // At once: if the second source cannot answer now, nobody may take the old copy for the newest later.
        owe(outdated.mapValues(\.version))
        if hasAnswered { removeOwed() }
        if missing.isEmpty { return found }
        let rest = max(.zero, timeout - (ContinuousClock.now - begin))
        let loaded = try await back.load(missing, atLeast: versions, within: rest)
        state.withLock { state in
            state.measures.backCount += loaded.count
            state.measures.absentCount += missing.count - loaded.count
        }
        if !hasAnswered { oweUnseen(missing, loaded, versions) }
        store(loaded.filter { key, embedding in embedding.version >= versions[key] ?? .min || versions[key] == .max })
        return found.merging(loaded) { _, new in new }
    }

    // MARK: Changing the first source

    /// The versions up to which copies in the first source are known to be outdated, though they may still be there.
    private func outdatedVersions(of keys: [EmbeddingKey]) -> [EmbeddingKey: Int64] {
        state.withLock { state in
            if state.owed.isEmpty { return [:] }
            return keys.reduce(into: [:]) { versions, key in versions[key] = state.owed[key] }
        }
    }

    /// Records what has to be removed from the first source.
    private func owe(_ versions: [EmbeddingKey: Int64]) {
        if versions.isEmpty { return }
        state.withLock { state in
            for (key, version) in versions {
                guard state.owed[key] != nil || state.owed.count < Self.maxOwed else {
                    state.measures.forgottenCount += 1
                    continue
                }
                state.owed[key] = max(state.owed[key] ?? .min, version)
            }
        }
    }

    /// Records what the first source, which has not answered, may have and the second one has outdated.
    private func oweUnseen(
        _ keys: [EmbeddingKey], _ loaded: [EmbeddingKey: Embedding], _ versions: [EmbeddingKey: Int64]
    ) {
        var unseen: [EmbeddingKey: Int64] = [:]
        for key in keys {
            if let embedding = loaded[key] {
                if embedding.version > .min { unseen[key] = embedding.version - 1 }
            } else if let version = versions[key] {
                unseen[key] = version
            }
        }
        owe(unseen)
    }

    /// Removes from the first source what is outdated there, unless that is under way.
    private func removeOwed() {
        let versions: [EmbeddingKey: Int64] = state.withLock { state in
            guard !state.isRemoving, !state.owed.isEmpty else { return [:] }
            state.isRemoving = true
            return Dictionary(uniqueKeysWithValues: state.owed.prefix(Self.maxStoring).map { ($0.key, $0.value) })
        }
        if versions.isEmpty { return }
        Task {
            let isDone = await isDone { try await front.remove(versions) }
            state.withLock { state in
                state.isRemoving = false
                state.count(versions.count, isDone: isDone)
                if isDone { state.settle(versions) }
            }
        }
    }

    /// Writes embeddings into the first source, unless too many are on their way.
    private func store(_ embeddings: [EmbeddingKey: Embedding]) {
        if embeddings.isEmpty { return }
        let hasRoom = state.withLock { state in
            guard state.storing + embeddings.count <= Self.maxStoring else {
                state.measures.unstoredCount += embeddings.count
                return false
            }
            state.storing += embeddings.count
            return true
        }
        guard hasRoom else { return }
        Task {
            let isDone = await isDone { try await front.store(embeddings) }
            state.withLock { state in
                state.storing -= embeddings.count
                state.count(embeddings.count, isDone: isDone)
                // Older copies are not there any more.
                if isDone { state.settle(embeddings.mapValues { $0.version == .min ? .min : $0.version - 1 }) }
            }
        }
    }

    private func isDone(_ change: () async throws -> Void) async -> Bool {
        do { try await change() } catch { return false }
        return true
    }
}
