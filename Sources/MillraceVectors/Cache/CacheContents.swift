import Millrace
import Synchronization

/// The answer of a cache's memory.
package enum CacheLookup: Sendable, Hashable {
    case found(Embedding)
    case absent
    case missing
}

/// The entries of a cache: shards by the hash of the key, each under a lock, so that readers of different keys seldom meet.
///
/// Locks are taken in one order: a shard, then the ledger, then the namespaces for searches, then one of these.
final class CacheContents: Sendable {
    private final class Shard: Sendable {
        let state: Mutex<CacheShard>
        init(_ policy: EmbeddingEvictionPolicy, seed: UInt64) { state = Mutex(CacheShard(policy, seed: seed)) }
    }

    let configuration: EmbeddingCacheConfiguration
    private let rules: CacheRules
    private let shards: [Shard]
    private let seed: UInt64
    private let ledger: Mutex<NamespaceLedger>
    private let searched = Mutex<[String: SearchedNamespace]>([:])
    private let indexing: any BuildExecutor
    private let lastStamp = Atomic<UInt64>(0)

    /// The bytes that an entry takes beside its vector and its key: the slot, the dictionary's place, the headers of its arrays.
    static let entryOverhead = 320
    /// The bytes that it takes in the index beside its row: the links, the key, its share of dead rows.
    static let searchOverhead = 256
    private static let bytesPerShard = 4 << 20
    private static let largestShardCount = 16

    init(
        _ configuration: EmbeddingCacheConfiguration, rules: CacheRules, seed: UInt64, shardCount: Int? = nil,
        indexing: any BuildExecutor
    ) {
        self.indexing = indexing
        self.configuration = configuration
        self.rules = rules
        self.seed = seed
        var count = 1
        let wanted = shardCount ?? configuration.capacityInBytes / Self.bytesPerShard
        while count * 2 <= min(wanted, Self.largestShardCount) { count *= 2 }
        shards = (0..<count).map { Shard(configuration.evictionPolicy, seed: seed &+ UInt64($0) &* 0x9e37_79b9) }
        ledger = Mutex(NamespaceLedger(configuration, rules))
    }

    private func hash(_ key: EmbeddingKey) -> UInt64 {
        Self.hash(key.key, seed: key.namespace.isEmpty ? seed : Self.hash(key.namespace, seed: seed))
    }

    private static func hash(_ text: String, seed: UInt64) -> UInt64 {
        text.utf8.withContiguousStorageIfAvailable { KeyHash.hash(UnsafeRawBufferPointer($0), seed: seed) }
            ?? Array(text.utf8).withUnsafeBytes { KeyHash.hash($0, seed: seed) }
    }

    private func place(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 48) & (shards.count - 1) }

    private func shard(of key: EmbeddingKey) -> Shard { shards[place(hash(key))] }

    // MARK: Reading

    /// Reads a key, which counts as a hit or a miss.
    func read(_ key: EmbeddingKey, nowMs: Int64) -> CacheLookup {
        let hash = hash(key)
        return shards[place(hash)].state.withLock { shard in
            guard let read = shard.read(key, hash: hash, nowMs: nowMs) else { return .missing }
            if read.isExpired {
                if let slot = shard.remove(key) { discard(slot, for: .expired) }
                return .missing
            }
            return read.embedding.map(CacheLookup.found) ?? .absent
        }
    }

    /// Looks at a key, which counts as nothing.
    func peek(_ key: EmbeddingKey, nowMs: Int64) -> CacheLookup {
        shard(of: key).state.withLock { shard in
            guard let slot = shard.peek(key, nowMs: nowMs) else { return .missing }
            return slot.embedding.map(CacheLookup.found) ?? .absent
        }
    }

    /// Returns the embedding of a key if it is still the entry with this stamp.
    func embedding(of key: EmbeddingKey, stamp: UInt64, nowMs: Int64) -> Embedding? {
        shard(of: key).state.withLock { shard in
            guard let slot = shard.peek(key, nowMs: nowMs), slot.stamp == stamp else { return nil }
            return slot.embedding
        }
    }

    // MARK: Changing

    /// Stores an embedding, or that a key is absent, and makes room for it.
    ///
    /// - Parameter row: The row for searches; `nil` without one.
    /// - Returns: `false` if a newer version is there, or if the entry is too large.
    @discardableResult
    func store(_ key: EmbeddingKey, _ embedding: Embedding?, row: [UInt8]?, nowMs: Int64) -> Bool {
        let (hash, bytes) = (hash(key), size(of: key, embedding, row: row))
        let limit = configuration.settings(of: key.namespace).maxBytes ?? .max
        let timeToLive = embedding == nil ? configuration.absenceTimeToLive : configuration.timeToLive
        let end = timeToLive.map { (Moment(ms: nowMs) + TimeSpan($0)).ms } ?? .max
        let stamp = lastStamp.add(1, ordering: .relaxed).newValue
        let isStored = shards[place(hash)].state.withLock { shard in
            if rules.keepsNewerVersions, let embedding, let present = shard.peek(key, nowMs: nowMs)?.embedding,
                present.version > embedding.version
            {
                return false
            }
            if let old = shard.remove(key) { discard(old, for: nil) }
            if bytes > min(limit, configuration.capacityInBytes) { return false }
            shard.insert(
                key, hash: hash, embedding, bytes: bytes, expiresAtMs: end, stamp: stamp, nowMs: nowMs)
            ledger.withLock { $0.add(bytes, to: key.namespace, nowMs: nowMs) }
            if let row, let format = configuration.settings(of: key.namespace).rowFormat {
                searched.withLock { searched in
                    let namespace =
                        searched[key.namespace]
                        ?? SearchedNamespace(format: format, indexedFrom: configuration.indexedFrom)
                    searched[key.namespace] = namespace
                    try? namespace.append(key, stamp: stamp, row: row)
                }
            }
            return true
        }
        if isStored { makeRoom(for: key.namespace) }
        if row != nil { index(key.namespace) }
        sweep(amongNext: 4, nowMs: nowMs, onlyShard: place(hash))
        return isStored
    }

    private func size(of key: EmbeddingKey, _ embedding: Embedding?, row: [UInt8]?) -> Int {
        let names = key.key.utf8.count + key.namespace.utf8.count
        let search = row.map { $0.count + Self.searchOverhead } ?? 0
        return Self.entryOverhead + names + (embedding?.vector.count ?? 0) * 4 + search
    }

    /// Removes a key's entry, if a condition holds.
    @discardableResult
    func remove(
        _ key: EmbeddingKey, for reason: EmbeddingEvictionReason?,
        where condition: (CacheLookup) -> Bool = { _ in true }
    ) -> Bool {
        shard(of: key).state.withLock { shard in
            guard let slot = shard.peek(key, nowMs: .min),
                condition(slot.embedding.map(CacheLookup.found) ?? .absent), let removed = shard.remove(key)
            else { return false }
            discard(removed, for: reason)
            return true
        }
    }

    /// Removes entries whose time is over, looking at some of each shard.
    func sweep(amongNext count: Int, nowMs: Int64, onlyShard: Int? = nil) {
        for place in shards.indices where onlyShard == nil || place == onlyShard {
            shards[place].state.withLock { shard in
                for key in shard.expiredKeys(amongNext: count, nowMs: nowMs) {
                    if let slot = shard.remove(key) { discard(slot, for: .expired) }
                }
            }
        }
    }

    private func discard(_ slot: CacheSlot, for reason: EmbeddingEvictionReason?) {
        ledger.withLock { $0.remove(slot.bytes, from: slot.key.namespace, for: reason) }
        if slot.embedding != nil { removeRow(of: slot) }
    }

    private func removeRow(of slot: CacheSlot) {
        guard configuration.settings(of: slot.key.namespace).metric != nil else { return }
        searched.withLock { searched in
            guard let namespace = searched[slot.key.namespace] else { return }
            namespace.remove(slot.key, stamp: slot.stamp)
            if namespace.count == 0 { searched[slot.key.namespace] = nil }
        }
    }

    // MARK: Making room

    /// Evicts until the namespace is within its limit and the cache within its capacity.
    private func makeRoom(for namespace: String) {
        // Another thread may take the chosen entry first; each round that evicts nothing is followed by few others.
        var idleRounds = 0
        while idleRounds < 4 {
            let (isOverLimit, isFull) = ledger.withLock { ($0.isOverLimit(namespace), $0.isFull) }
            guard isOverLimit || isFull else { return }
            let victim = isOverLimit ? victim(of: namespace) : nextVictim()
            let isEvicted = victim.map { evict($0, for: isOverLimit ? .quota : .capacity) } ?? false
            idleRounds = isEvicted ? 0 : idleRounds + 1
        }
    }

    private typealias Victim = (entry: CacheShard.Victim, shard: Shard)

    /// Returns the entry of a namespace that should go first.
    private func victim(of namespace: String) -> Victim? {
        var first: Victim?
        for shard in shards {
            guard let victim = shard.state.withLock({ $0.victim(of: namespace) }) else { continue }
            if first.map({ victim.rank < $0.entry.rank }) ?? true { first = (victim, shard) }
        }
        return first
    }

    /// Returns the entry that should go first, of all namespaces that may lose entries.
    private func nextVictim() -> Victim? {
        var first: Victim?
        for _ in 0..<Self.mostComparedNamespaces {
            guard let (name, nextRank) = ledger.withLock({ $0.takeLoser() }) else { break }
            guard let victim = victim(of: name) else { continue }
            ledger.withLock { $0.putBack(name, victim.entry.rank) }
            if first.map({ victim.entry.rank < $0.entry.rank }) ?? true { first = victim }
            // The others would lose entries that are no better, because their ranks are lower bounds.
            if let first, nextRank.map({ first.entry.rank <= $0 }) ?? true { break }
        }
        return first
    }

    /// The most namespaces whose entries are compared for one that has to go. Only after many reads of the oldest entries of many
    /// namespaces are there more to compare; then a good one goes, which may not be the best.
    private static let mostComparedNamespaces = 32

    private func evict(_ victim: Victim, for reason: EmbeddingEvictionReason) -> Bool {
        victim.shard.state.withLock { shard in
            // Whether the namespace may still lose an entry is decided together with taking it.
            let removed: CacheSlot? = ledger.withLock { ledger in
                guard reason == .quota || ledger.mayLose(victim.entry.key.namespace),
                    let slot = shard.remove(victim.entry.key)
                else { return nil }
                ledger.remove(slot.bytes, from: slot.key.namespace, for: reason)
                return slot
            }
            if let removed, removed.embedding != nil { removeRow(of: removed) }
            return removed != nil
        }
    }

    // MARK: Searching

    /// Returns the embeddings of a namespace as of now; `nil` if it has none.
    func view(of namespace: String) -> SearchedNamespace.View? { searched.withLock { $0[namespace] }?.view }

    /// The figures of the index of a namespace; `nil` if it has none.
    func indexMeasures(of namespace: String) -> IndexMeasures? { searched.withLock { $0[namespace] }?.indexMeasures }

    /// Hands the index of a namespace to another thread, which changes it, if enough has changed.
    private func index(_ namespace: String) {
        guard let searched = searched.withLock({ $0[namespace] }), searched.beginIndexing() else { return }
        indexing.run(.large) { [self] in
            searched.updateIndex { embedding(of: $0, stamp: $1, nowMs: .min)?.vector }
        }
    }

    // MARK: Figures

    func fill(_ measures: inout EmbeddingCacheMeasures) {
        for shard in shards {
            let (hits, misses) = shard.state.withLock { ($0.hits, $0.misses) }
            measures.hits += hits
            measures.misses += misses
        }
        ledger.withLock { ledger in
            measures.namespaces = ledger.accounts
            measures.evictions = ledger.evictions
        }
        measures.capacityInBytes = configuration.capacityInBytes
    }
}
