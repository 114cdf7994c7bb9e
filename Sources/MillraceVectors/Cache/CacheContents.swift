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
/// Locks are taken in one order: a shard, then the ledger, then the rows for searches.
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
    private let rows = Mutex<[String: SearchRows]>([:])
    private let lastStamp = Atomic<UInt64>(0)

    /// The bytes that an entry takes beside its vector and its key: the slot, the dictionary's place, the headers of its arrays.
    static let entryOverhead = 320
    private static let bytesPerShard = 4 << 20
    private static let largestShardCount = 16

    init(_ configuration: EmbeddingCacheConfiguration, rules: CacheRules, seed: UInt64, shardCount: Int? = nil) {
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
            ledger.withLock { $0.add(bytes, to: key.namespace) }
            if let row, let format = configuration.settings(of: key.namespace).rowFormat {
                rows.withLock { rows in
                    try? rows[key.namespace, default: SearchRows(format: format)].append(key, stamp: stamp, row: row)
                }
            }
            return true
        }
        if isStored { makeRoom(for: key.namespace) }
        sweep(amongNext: 4, nowMs: nowMs, onlyShard: place(hash))
        return isStored
    }

    private func size(of key: EmbeddingKey, _ embedding: Embedding?, row: [UInt8]?) -> Int {
        let names = key.key.utf8.count + key.namespace.utf8.count
        return Self.entryOverhead + names + (embedding?.vector.count ?? 0) * 4 + (row?.count ?? 0)
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
        rows.withLock { rows in
            rows[slot.key.namespace]?.remove(stamp: slot.stamp)
            if rows[slot.key.namespace]?.count == 0 { rows[slot.key.namespace] = nil }
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
            idleRounds = evict(from: isOverLimit ? namespace : nil) ? 0 : idleRounds + 1
        }
    }

    private func evict(from namespace: String?) -> Bool {
        var first: (victim: CacheShard.Victim, shard: Shard)?
        for shard in shards {
            guard let victim = shard.state.withLock({ nextVictim(&$0, of: namespace) }) else { continue }
            if first.map({ victim.goesBefore($0.victim) }) ?? true { first = (victim, shard) }
        }
        guard let (victim, shard) = first else { return false }
        return shard.state.withLock { shard in
            // Whether the namespace may still lose an entry is decided together with taking it.
            let reason = EmbeddingEvictionReason(namespace)
            let removed: CacheSlot? = ledger.withLock { ledger in
                guard namespace != nil || ledger.mayLose(victim.key.namespace), let slot = shard.remove(victim.key)
                else {
                    return nil
                }
                ledger.remove(slot.bytes, from: slot.key.namespace, for: reason)
                return slot
            }
            if let removed, removed.embedding != nil { removeRow(of: removed) }
            return removed != nil
        }
    }

    private func nextVictim(_ shard: inout CacheShard, of namespace: String?) -> CacheShard.Victim? {
        ledger.withLock { ledger in shard.victim(of: namespace) { ledger.mayLose($0) } }
    }

    // MARK: Searching

    /// Returns the rows of a namespace as of now; `nil` if it has none.
    func view(of namespace: String) -> SearchRows.View? { rows.withLock { $0[namespace]?.view } }

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

extension EmbeddingEvictionReason {
    fileprivate init(_ namespace: String?) { self = namespace == nil ? .capacity : .quota }
}
