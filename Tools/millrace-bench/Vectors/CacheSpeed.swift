import Foundation
package import MillraceVectors
import Synchronization

/// The speed of a cache of embeddings in this process, in front of a source that answers at once.
package struct CacheSpeed: Sendable {
    /// The times of many operations.
    package struct Figures: Sendable {
        package var count: Int
        package var seconds: Double
        package var cpuSeconds: Double
        package var p50Microseconds: Double
        package var p99Microseconds: Double
        package var others: [String: Double] = [:]
    }

    private let entries: Int
    private let operations: Int
    private static let dimensions = 384

    /// - Parameters:
    ///   - entries: The embeddings in memory.
    ///   - operations: The operations of one measurement of each thread.
    package init(entries: Int = 100_000, operations: Int = 1_000_000) {
        (self.entries, self.operations) = (entries, operations)
    }

    // MARK: Hits

    /// A full cache whose keys are all in memory.
    package func warmCache(_ policy: EmbeddingEvictionPolicy, isSearched: Bool = false) async throws -> EmbeddingCache {
        var configuration = EmbeddingCacheConfiguration()
        configuration.capacityInBytes = entries * Self.dimensions * 12
        configuration.evictionPolicy = policy
        if isSearched {
            configuration.otherNamespaces = EmbeddingNamespace(dimensions: Self.dimensions, metric: .cosine)
        }
        let cache = try EmbeddingCache(source: Self.source, configuration: configuration)
        for start in stride(from: 0, to: entries, by: 1_000) {
            _ = try await cache.get((start..<min(entries, start + 1_000)).map(String.init))
        }
        return cache
    }

    /// Reads random keys that are in memory, on some threads at once.
    package func hits(_ cache: EmbeddingCache, threads: Int) async throws -> Figures {
        let keys = (0..<entries).map(String.init)
        return try await measure(threads: threads) { thread, record in
            var random = SeededNormals(seed: UInt64(thread + 1))
            for _ in 0..<operations {
                let key = keys[random.below(entries)]
                let start = Self.nanoseconds
                let embedding = try await cache.get(key)
                record(Self.nanoseconds - start)
                if embedding == nil { throw Missing(key: key) }
            }
        }
    }

    private struct Missing: Error { var key: String }

    // MARK: Misses

    /// Asks for keys that are not in memory, each of which evicts another one, as often as there are callers at once.
    package func misses(_ policy: EmbeddingEvictionPolicy, callers: Int) async throws -> Figures {
        let cache = try await warmCache(policy)
        let count = max(1, operations / 10 / callers)
        let loaded = cache.measures.foundKeys
        var figures = try await measure(threads: callers) { _, record in
            for number in 0..<count {
                let start = Self.nanoseconds
                _ = try await cache.get("new-\(number)")
                record(Self.nanoseconds - start)
            }
        }
        figures.others["loads for each key"] = Double(cache.measures.foundKeys - loaded) / Double(count)
        return figures
    }

    // MARK: Tenants

    /// Stores an entry of a random tenant in a full cache again and again, each of which evicts another one.
    package func evictions(_ policy: EmbeddingEvictionPolicy, tenants: Int) -> Figures {
        var configuration = EmbeddingCacheConfiguration()
        configuration.evictionPolicy = policy
        // Two small entries for each of ten thousand tenants.
        configuration.capacityInBytes = 20_000 * 360
        let core = CacheCore(configuration, sourceBatchCount: 1, seed: 7)
        var random = SeededNormals(seed: 3)
        var (number, nowMs) = (0, Int64(0))
        func store() {
            (number, nowMs) = (number + 1, nowMs + Int64(number % 2))
            let key = EmbeddingKey("\(number)", in: "tenant-\(random.below(tenants))")
            for case .load(let batch, _, _) in core.request(
                [key], waiter: UInt64(number), deadlineMs: .max, nowMs: nowMs)
            {
                _ = core.finished(batch: batch, .success([key: Embedding([1, 2])]), nowMs: nowMs)
            }
        }
        for _ in 0..<40_000 { store() }
        let (meter, evicted) = (ThreadMeter(), core.measures.evictions[.capacity, default: 0])
        var times: [UInt32] = []
        for _ in 0..<max(1, operations / 20) {
            let start = Self.nanoseconds
            store()
            times.append(Self.short(Self.nanoseconds - start))
        }
        var figures = Self.figures(times, seconds: meter.seconds, cpuSeconds: meter.cpuSeconds)
        let evictions = core.measures.evictions[.capacity, default: 0] - evicted
        figures.others["evictions for each"] = Double(evictions) / Double(figures.count)
        return figures
    }

    // MARK: Searches

    /// Searches a warm cache for the ten nearest.
    package func searches(_ cache: EmbeddingCache, count: Int) async throws -> Figures {
        try await measure(threads: 1) { _, record in
            for number in 0..<count {
                let vector = Self.vector(of: "query-\(number)")
                let start = Self.nanoseconds
                _ = try cache.search(near: vector, count: 10)
                record(Self.nanoseconds - start)
            }
        }
    }

    // MARK: Measuring

    private func measure(
        threads: Int,
        _ body: @escaping @Sendable (_ thread: Int, _ record: (UInt64) -> Void) async throws -> Void
    ) async throws -> Figures {
        let (start, cpuStart) = (Self.nanoseconds, Self.processSeconds)
        let times = try await withThrowingTaskGroup(of: [UInt32].self) { group in
            for thread in 0..<threads {
                group.addTask {
                    var times: [UInt32] = []
                    try await body(thread) { times.append(Self.short($0)) }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return Self.figures(
            times, seconds: Double(Self.nanoseconds - start) / 1e9, cpuSeconds: Self.processSeconds - cpuStart)
    }

    private static func figures(_ times: [UInt32], seconds: Double, cpuSeconds: Double) -> Figures {
        let sorted = times.sorted()
        func percentile(_ share: Double) -> Double {
            sorted.isEmpty ? 0 : Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1_000
        }
        return Figures(
            count: times.count, seconds: seconds, cpuSeconds: cpuSeconds, p50Microseconds: percentile(0.5),
            p99Microseconds: percentile(0.99))
    }

    private static func short(_ nanoseconds: UInt64) -> UInt32 { UInt32(clamping: nanoseconds) }

    private static var nanoseconds: UInt64 { DispatchTime.now().uptimeNanoseconds }

    private static var processSeconds: Double { ThreadMeter.seconds(CLOCK_PROCESS_CPUTIME_ID) }

    // MARK: The source

    private static var source: ClosureEmbeddingSource {
        ClosureEmbeddingSource(maxBatchCount: 1_000) { keys, _ in
            var found: [EmbeddingKey: Embedding] = [:]
            for key in keys { found[key] = Embedding(vector(of: key.key)) }
            return found
        }
    }

    /// A vector in one of a hundred clusters, by the key.
    private static func vector(of key: String) -> [Float] {
        let hash = key.utf8.reduce(UInt64(1_469_598_103_934_665_603)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        var (center, own) = (SeededNormals(seed: hash % 100), SeededNormals(seed: hash))
        return (0..<dimensions).map { _ in center.next() + own.next() }
    }
}
