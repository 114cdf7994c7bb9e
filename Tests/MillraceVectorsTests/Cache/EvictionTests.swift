import MillraceVectors
import TestSupport
import Testing

@Suite("Cache of embeddings: eviction")
struct EvictionTests {
    /// A core that is filled one load after the other.
    private struct Filled {
        let core: CacheCore
        var nowMs: Int64 = 0
        var waiter: UInt64 = 0

        init(_ shardCount: Int = 1, _ change: (inout EmbeddingCacheConfiguration) -> Void) {
            var configuration = EmbeddingCacheConfiguration()
            change(&configuration)
            core = CacheCore(configuration, sourceBatchCount: 1, seed: 7, shardCount: shardCount)
        }

        /// Reads a key, and loads it if it is missing. Returns whether it was a hit.
        @discardableResult
        mutating func get(_ key: String, in namespace: String = "") -> Bool {
            nowMs += 1
            let key = EmbeddingKey(key, in: namespace)
            if core.lookup(key, nowMs: nowMs) != .missing { return true }
            waiter += 1
            for case .load(let batch, let keys, _) in core.request(
                [key], waiter: waiter, deadlineMs: .max, nowMs: nowMs)
            {
                let found = Dictionary(uniqueKeysWithValues: keys.map { ($0, Embedding([1, 2, 3, 4])) })
                _ = core.finished(batch: batch, .success(found), nowMs: nowMs)
            }
            return false
        }

        func has(_ key: String, in namespace: String = "") -> Bool {
            core.peek(EmbeddingKey(key, in: namespace), nowMs: nowMs) != .missing
        }

        func bytes(_ namespace: String) -> Int { core.measures.namespaces[namespace]?.bytes ?? 0 }
    }

    @Test("least recently used: the entry that was not read for the longest time goes")
    func leastRecentlyUsed() {
        var cache = Filled {
            $0.evictionPolicy = .leastRecentlyUsed
            $0.capacityInBytes = 340 * 3
        }
        for key in ["a", "b", "c"] { cache.get(key) }
        cache.get("a")
        cache.get("d")
        #expect(["a", "b", "c", "d"].map { cache.has($0) } == [true, false, true, true])
        #expect(cache.core.measures.evictions == [.capacity: 1])
    }

    @Test("least recently used holds across namespaces, exactly")
    func leastRecentlyUsedOfAll() {
        let count = 60
        var cache = Filled {
            $0.evictionPolicy = .leastRecentlyUsed
            $0.capacityInBytes = 342 * count
        }
        var random = SeededNumbers(seed: 11)
        var lastUse: [EmbeddingKey: Int] = [:]
        for step in 0..<5_000 {
            let (key, namespace) = ("k\(10 + random.below(10))", "t\(10 + random.below(20))")
            cache.get(key, in: namespace)
            lastUse[EmbeddingKey(key, in: namespace)] = step
            if lastUse.count > count, let oldest = lastUse.min(by: { $0.value < $1.value }) {
                lastUse[oldest.key] = nil
            }
            #expect(cache.core.measures.entries == lastUse.count)
            guard step % 20 == 0 else { continue }
            let missing = lastUse.keys.filter { !cache.has($0.key, in: $0.namespace) }
            #expect(missing.isEmpty, "step \(step)")
        }
    }

    @Test("the shares of a thousand namespaces hold", arguments: EmbeddingEvictionPolicy.allCases, [1, 4])
    func manyShares(_ policy: EmbeddingEvictionPolicy, _ shardCount: Int) {
        var cache = Filled(shardCount) {
            $0.evictionPolicy = policy
            $0.capacityInBytes = 360 * 1_500
            for number in 0..<1_000 { $0.namespaces["\(number)"] = EmbeddingNamespace(guaranteedBytes: 360) }
        }
        for number in 0..<1_000 { cache.get("own", in: "\(number)") }
        for key in 0..<5_000 { cache.get("\(key)", in: "noisy") }
        #expect((0..<1_000).allSatisfy { cache.has("own", in: "\($0)") })
        // Beyond its share each of them loses to others, too.
        for key in 0..<5 { for number in 0..<1_000 { cache.get("\(key)", in: "\(number)") } }
        #expect(cache.core.measures.bytes <= 360 * 1_500)
        #expect((0..<1_000).allSatisfy { cache.bytes("\($0)") > 0 })
    }

    @Test("least frequently used resists a scan, least recently used does not")
    func scan() {
        func hitsAfterScan(_ policy: EmbeddingEvictionPolicy) -> Int {
            var cache = Filled {
                $0.evictionPolicy = policy
                $0.capacityInBytes = 340 * 200
            }
            for _ in 0..<5 { for key in 0..<100 { cache.get("hot-\(key)") } }
            for key in 0..<2_000 { cache.get("scan-\(key)") }
            return (0..<100).count { cache.has("hot-\($0)") }
        }
        #expect(hitsAfterScan(.leastFrequentlyUsed) >= 95)
        #expect(hitsAfterScan(.leastRecentlyUsed) == 0)
    }

    @Test("least frequently used forgets what was read often long ago")
    func ageing() {
        var cache = Filled {
            $0.evictionPolicy = .leastFrequentlyUsed
            $0.capacityInBytes = 340 * 100
        }
        for _ in 0..<10 { for key in 0..<100 { cache.get("old-\(key)") } }
        for _ in 0..<600 { for key in 0..<90 { cache.get("new-\(key)") } }
        #expect((0..<90).count { cache.has("new-\($0)") } >= 85)
    }

    @Test("least frequently used hits more than least recently used under skewed reads")
    func skewed() {
        func hitShare(_ policy: EmbeddingEvictionPolicy) -> Double {
            var cache = Filled {
                $0.evictionPolicy = policy
                $0.capacityInBytes = 340 * 200
            }
            var random = SeededNumbers(seed: 3)
            var hits = 0
            for _ in 0..<40_000 {
                // Among 4,000 keys, small numbers come much more often.
                let fraction = Double(random.below(1_000_000)) / 1_000_000
                if cache.get("\(Int(4_000 * fraction * fraction * fraction * fraction))") { hits += 1 }
            }
            return Double(hits) / 40_000
        }
        let (frequent, recent) = (hitShare(.leastFrequentlyUsed), hitShare(.leastRecentlyUsed))
        print("hits under skewed reads: least frequently used \(frequent), least recently used \(recent)")
        #expect(frequent > recent + 0.02)
    }

    @Test("a noisy tenant does not evict another one's share", arguments: EmbeddingEvictionPolicy.allCases, [1, 4])
    func shares(_ policy: EmbeddingEvictionPolicy, _ shardCount: Int) {
        var cache = Filled(shardCount) {
            $0.evictionPolicy = policy
            $0.capacityInBytes = 400 * 100
            $0.namespaces = ["quiet": EmbeddingNamespace(guaranteedBytes: 400 * 30)]
        }
        for key in 0..<30 { cache.get("\(key)", in: "quiet") }
        let before = cache.bytes("quiet")
        for round in 0..<3 { for key in 0..<1_000 { cache.get("\(key)", in: "noisy-\(round)") } }
        #expect(cache.bytes("quiet") == before && before > 0)
        #expect((0..<30).allSatisfy { cache.has("\($0)", in: "quiet") })
        #expect(cache.core.measures.bytes <= 400 * 100)
        // Beyond its share the quiet one competes like everybody.
        for key in 0..<1_000 { cache.get("\(key)", in: "quiet") }
        for _ in 0..<5 { for key in 0..<1_000 { cache.get("\(key)", in: "noisy-0") } }
        #expect(cache.bytes("quiet") > 400 * 30 - 400)
    }

    @Test("a namespace does not take more than its limit, and evicts its own entries", arguments: [1, 4])
    func limits(_ shardCount: Int) {
        var cache = Filled(shardCount) {
            $0.capacityInBytes = 400 * 1_000
            $0.namespaces = ["small": EmbeddingNamespace(maxBytes: 400 * 10)]
        }
        for key in 0..<50 { cache.get("\(key)", in: "other") }
        for key in 0..<500 { cache.get("\(key)", in: "small") }
        #expect(cache.bytes("small") <= 400 * 10 && cache.bytes("small") > 400 * 8)
        #expect((0..<50).allSatisfy { cache.has("\($0)", in: "other") })
        #expect(cache.core.measures.evictions[.capacity] == nil)
        #expect(cache.core.measures.evictions[.quota, default: 0] > 400)
    }

    @Test("an entry that is larger than the cache is answered and not kept")
    func tooLarge() {
        var cache = Filled { $0.capacityInBytes = 100 }
        cache.get("a")
        #expect(!cache.has("a"))
        #expect(cache.core.measures.bytes == 0)
    }

    @Test("an entry whose time is over is a miss, and a sweep frees its memory without anybody reading it")
    func timeToLive() {
        var cache = Filled { $0.timeToLive = .milliseconds(500) }
        cache.get("read")
        for key in 0..<10 { cache.get("\(key)") }
        cache.nowMs += 400
        let early = cache.get("read")
        cache.nowMs += 200
        let late = cache.get("read")
        #expect(early && !late)
        #expect(cache.core.measures.entries < 11)
        cache.core.sweep(amongNext: 100, nowMs: cache.nowMs)
        #expect(cache.core.measures.entries == 1)
        #expect(cache.core.measures.evictions == [.expired: 11])
    }
}
