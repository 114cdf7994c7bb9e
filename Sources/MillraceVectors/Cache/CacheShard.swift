/// A part of a cache's entries, by the hash of the key. Its owner holds a lock.
struct CacheShard {
    private(set) var slots: [CacheSlot] = []
    private var places: [EmbeddingKey: Int] = [:]
    private var freeSlots: [Int] = []
    private var spaces: [EntryLists] = []
    private var spacesByName: [String: Int] = [:]
    private var freeSpaces: [Int] = []
    private var sketch = FrequencySketch()
    private var reads: UInt64 = 0
    private var random: XorShift
    private var sweepPlace = 0
    private let policy: EmbeddingEvictionPolicy
    var hits = 0
    var misses = 0

    init(_ policy: EmbeddingEvictionPolicy, seed: UInt64) {
        self.policy = policy
        random = XorShift(seed: seed)
    }

    // MARK: Reading

    /// Returns the entry of a key without counting that as a read; `nil` if there is none or its time is over.
    func peek(_ key: EmbeddingKey, nowMs: Int64) -> CacheSlot? {
        guard let place = places[key], slots[place].expiresAtMs > nowMs else { return nil }
        return slots[place]
    }

    /// Reads the entry of a key.
    ///
    /// - Returns: `nil` if there is none. An entry whose time is over has to be removed by the caller.
    mutating func read(_ key: EmbeddingKey, hash: UInt64, nowMs: Int64) -> (embedding: Embedding?, isExpired: Bool)? {
        guard let place = places[key] else {
            misses &+= 1
            return nil
        }
        if slots[place].expiresAtMs <= nowMs {
            misses &+= 1
            return (nil, true)
        }
        hits &+= 1
        reads &+= 1
        slots[place].usedAtMs = nowMs
        slots[place].usedAt = reads
        if policy == .leastFrequentlyUsed { sketch.record(hash) }
        promote(place)
        return (slots[place].embedding, false)
    }

    private mutating func promote(_ place: Int) {
        let (space, kind) = (slots[place].space, slots[place].list)
        if kind != .probation {
            if spaces[space][kind].newest == place { return }
            unlink(place)
            link(place, kind)
            return
        }
        unlink(place)
        link(place, .protected)
        while true {
            let lists = spaces[space]
            guard lists[.protected].bytes > (lists[.protected].bytes + lists[.probation].bytes) / 5 * 4,
                lists[.protected].count > 1
            else { return }
            let oldest = lists[.protected].oldest
            unlink(oldest)
            link(oldest, .probation)
        }
    }

    // MARK: Changing

    /// Adds an entry for a key that has none.
    mutating func insert(
        _ key: EmbeddingKey, hash: UInt64, _ embedding: Embedding?, bytes: Int, expiresAtMs: Int64, stamp: UInt64,
        nowMs: Int64
    ) {
        reads &+= 1
        let space = space(named: key.namespace)
        let slot = CacheSlot(
            key: key, hash: hash, embedding: embedding, bytes: bytes, expiresAtMs: expiresAtMs, stamp: stamp,
            usedAtMs: nowMs, usedAt: reads, space: space)
        let place: Int
        if let free = freeSlots.popLast() {
            place = free
            slots[place] = slot
        } else {
            place = slots.count
            slots.append(slot)
        }
        places[key] = place
        link(place, .window)
        guard policy == .leastFrequentlyUsed else { return }
        sketch.reserve(places.count)
        sketch.record(hash)
        while spaces[space][.window].count > 1, spaces[space][.window].bytes > spaces[space].bytes / 100 {
            let oldest = spaces[space][.window].oldest
            unlink(oldest)
            link(oldest, .probation)
        }
    }

    /// Removes the entry of a key.
    mutating func remove(_ key: EmbeddingKey) -> CacheSlot? {
        guard let place = places.removeValue(forKey: key) else { return nil }
        let slot = slots[place]
        unlink(place)
        slots[place].isFree = true
        slots[place].embedding = nil
        freeSlots.append(place)
        if spaces[slot.space].count == 0 {
            spacesByName[spaces[slot.space].name] = nil
            freeSpaces.append(slot.space)
        }
        return slot
    }

    /// Returns the keys among the next slots whose time is over. No entry has a timer: this goes round all slots bit by bit.
    mutating func expiredKeys(amongNext count: Int, nowMs: Int64) -> [EmbeddingKey] {
        var expired: [EmbeddingKey] = []
        for _ in 0..<min(count, slots.count) {
            if sweepPlace >= slots.count { sweepPlace = 0 }
            let slot = slots[sweepPlace]
            if !slot.isFree, slot.expiresAtMs <= nowMs { expired.append(slot.key) }
            sweepPlace += 1
        }
        return expired
    }

    // MARK: Choosing who goes

    /// An entry that may go; the lowest rank goes first.
    struct Victim {
        var key: EmbeddingKey
        var rank: CacheRank
    }

    /// Returns the entry of a namespace that should go first.
    mutating func victim(of namespace: String) -> Victim? { spacesByName[namespace].flatMap { victim(ofSpace: $0) } }

    private mutating func victim(ofSpace space: Int) -> Victim? {
        let lists = spaces[space]
        guard policy == .leastFrequentlyUsed else { return victim(at: lists[.window].oldest) }
        // The newest on probation is the one that asks to stay; it has to be read more often than the oldest.
        let oldest =
            [lists[.probation].oldest, lists[.protected].oldest, lists[.window].oldest].first { $0 >= 0 } ?? -1
        let candidate = lists[.probation].count > 0 ? lists[.probation].newest : lists[.window].oldest
        guard let old = victim(at: oldest), let new = victim(at: candidate) else {
            return victim(at: max(oldest, candidate))
        }
        if new.rank.frequency > old.rank.frequency { return old }
        // Sometimes a candidate stays all the same, so that nobody can keep others out by collisions of the sketch.
        return new.rank.frequency >= 6 && random.next() & 127 == 0 ? old : new
    }

    private func victim(at place: Int) -> Victim? {
        guard slots.indices.contains(place) else { return nil }
        let slot = slots[place]
        let frequency = policy == .leastFrequentlyUsed ? sketch.estimate(slot.hash) : 0
        return Victim(
            key: slot.key, rank: CacheRank(frequency: frequency, usedAtMs: slot.usedAtMs, usedAt: slot.usedAt))
    }

    // MARK: Lists

    private mutating func space(named name: String) -> Int {
        if let space = spacesByName[name] { return space }
        let space: Int
        if let free = freeSpaces.popLast() {
            space = free
            spaces[space] = EntryLists(name: name)
        } else {
            space = spaces.count
            spaces.append(EntryLists(name: name))
        }
        spacesByName[name] = space
        return space
    }

    private mutating func link(_ place: Int, _ kind: EntryLists.Kind) {
        let space = slots[place].space
        let newest = spaces[space].lists[kind.rawValue].newest
        slots[place].list = kind
        slots[place].newer = -1
        slots[place].older = newest
        if newest >= 0 { slots[newest].newer = place } else { spaces[space].lists[kind.rawValue].oldest = place }
        spaces[space].lists[kind.rawValue].newest = place
        spaces[space].lists[kind.rawValue].bytes += slots[place].bytes
        spaces[space].lists[kind.rawValue].count += 1
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (slots[place].newer, slots[place].older)
        let (space, kind) = (slots[place].space, slots[place].list.rawValue)
        if newer >= 0 { slots[newer].older = older } else { spaces[space].lists[kind].newest = older }
        if older >= 0 { slots[older].newer = newer } else { spaces[space].lists[kind].oldest = newer }
        spaces[space].lists[kind].bytes -= slots[place].bytes
        spaces[space].lists[kind].count -= 1
    }
}
