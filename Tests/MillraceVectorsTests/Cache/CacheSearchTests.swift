import MillraceVectors
import Synchronization
import TestSupport
import Testing

@Suite("Cache of embeddings: searches with an index")
struct CacheSearchTests {
    /// Makes indexes when the test says so.
    private final class LaterExecutor: BuildExecutor {
        private let waiting = Mutex<[@Sendable () -> Void]>([])

        func run(_ size: BuildSize, _ work: @escaping @Sendable () -> Void) { waiting.withLock { $0.append(work) } }

        /// Does what waits, and returns whether there was any.
        @discardableResult
        func runWaiting() -> Bool {
            let work = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for one in work { one() }
            return !work.isEmpty
        }
    }

    /// A core whose embeddings are stored one by one.
    private struct Filled {
        let core: CacheCore
        let indexing = LaterExecutor()
        var versions: [String: Int64] = [:]
        private var waiter: UInt64 = 0
        private var random = SeededNumbers(seed: 5)

        init(indexedFrom: Int, entries: Int) {
            var configuration = EmbeddingCacheConfiguration()
            configuration.evictionPolicy = .leastRecentlyUsed
            configuration.otherNamespaces = EmbeddingNamespace(dimensions: 8, metric: .euclidean)
            configuration.capacityInBytes = entries * 680
            configuration.indexedFrom = indexedFrom
            core = CacheCore(configuration, sourceBatchCount: 1, seed: 1, shardCount: 2, indexing: indexing)
        }

        mutating func vector() -> [Float] { (0..<8).map { _ in Float(random.below(1_000)) } }

        /// Stores an embedding of a key that is new, or a new version of it.
        mutating func store(_ key: String) {
            waiter += 1
            let name = EmbeddingKey(key)
            let version = Int64(waiter)
            let actions =
                core.peek(name, nowMs: 0) == .missing
                ? core.request([name], waiter: waiter, deadlineMs: .max, nowMs: 0)
                : core.changed(name, version: version, nowMs: 0)
            for case .load(let batch, _, _) in actions {
                let embedding = Embedding(vector(), version: version)
                _ = core.finished(batch: batch, .success([name: embedding]), nowMs: 0)
                versions[key] = version
            }
        }

        /// The nearest entries by comparing all that are in memory.
        func expected(near vector: [Float], count: Int) -> [String] {
            var found: [(distance: Float, key: String)] = []
            for key in versions.keys {
                guard case .found(let embedding) = core.peek(EmbeddingKey(key), nowMs: 0) else { continue }
                let distance = zip(embedding.vector, vector).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                found.append((distance, key))
            }
            return found.sorted { ($0.distance, $0.key) < ($1.distance, $1.key) }.prefix(count).map(\.key)
        }
    }

    @Test("find the same while entries are moved to the index, replaced and evicted")
    func exact() throws {
        var cache = Filled(indexedFrom: 16, entries: 100)
        var random = SeededNumbers(seed: 9)
        var largest = 0
        for step in 0..<1_500 {
            cache.store("\(random.below(200))")
            // Another thread makes the index some time later.
            if random.chance(20) { cache.indexing.runWaiting() }
            guard step % 10 == 0 else { continue }
            let query = cache.vector()
            let expected = cache.expected(near: query, count: 5)
            let exact = try cache.core.search(near: query, count: 5, in: "", effort: .exact, nowMs: 0)
            #expect(exact.map(\.key) == expected, "step \(step)")
            for match in exact { #expect(match.embedding.version == cache.versions[match.key]) }
            // All of so few are candidates.
            let all = try cache.core.search(near: query, count: 500, in: "", nowMs: 0)
            #expect(Set(all.map(\.key)) == Set(cache.expected(near: query, count: 500)), "step \(step)")
            largest = max(largest, cache.core.indexMeasures(of: "")?.graphCount ?? 0)
        }
        #expect(largest > 50)
        #expect(cache.core.measures.evictions[.capacity, default: 0] > 300)
    }

    @Test("find nearly all of the nearest in an index, and nothing that was evicted")
    func approximate() throws {
        var cache = Filled(indexedFrom: 256, entries: 3_000)
        for key in 0..<4_000 {
            cache.store("\(key)")
            if key % 100 == 0 { cache.indexing.runWaiting() }
        }
        cache.indexing.runWaiting()
        let measures = try #require(cache.core.indexMeasures(of: ""))
        #expect(measures.count > 2_500 && measures.graphCount > 2_000)
        var found = 0
        for _ in 0..<50 {
            let query = cache.vector()
            let expected = Set(cache.expected(near: query, count: 10))
            let matches = try cache.core.search(near: query, count: 10, in: "", nowMs: 0)
            #expect(matches.count == 10)
            found += matches.count { expected.contains($0.key) }
        }
        #expect(found > 450, "\(found) of 500")
        let even = try cache.core.search(near: cache.vector(), count: 10, in: "", nowMs: 0) { $0.hasSuffix("0") }
        #expect(even.count == 10 && even.allSatisfy { $0.key.hasSuffix("0") })
    }

    @Test("make no index before there are enough entries, nor on the thread that stores one")
    func threshold() throws {
        var cache = Filled(indexedFrom: 64, entries: 1_000)
        for key in 0..<63 { cache.store("\(key)") }
        #expect(!cache.indexing.runWaiting())
        cache.store("63")
        cache.store("64")
        #expect(cache.core.indexMeasures(of: "") == nil)
        #expect(cache.indexing.runWaiting())
        #expect(cache.core.indexMeasures(of: "")?.count == 65)
    }
}
