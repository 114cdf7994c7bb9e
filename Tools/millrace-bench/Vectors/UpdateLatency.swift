import Foundation
import MillraceVectors
import Synchronization

/// The times of searches in process while entries are updated: in an index on disk, commit by commit, on a thread of its own.
package struct UpdateLatency: Codable, Sendable {
    package var searches: Int
    package var updates: Int
    /// Seconds during which updates went in.
    package var seconds: Double
    package var p50Ms: Double
    package var p99Ms: Double
    package var p999Ms: Double
    package var largestMs: Double
    /// The CPU time of a search, on the average.
    package var cpuMicroseconds: Double
    /// The 99th percentile of the CPU time of a search, which other programs of the machine do not change.
    package var p99CPUMs: Double
    /// The most segments and the most unsorted entries that a search met.
    package var largestSegmentCount: Int
    package var largestTailCount: Int
    /// The share of the ten truly nearest that searches find at moments during the updates.
    package var recall: Double?

    /// Fills an index with a set, and searches it while its entries are updated.
    ///
    /// - Parameters:
    ///   - set: the entries; the updates give them vectors of other entries.
    ///   - updatesPerSecond: how many updates are committed each second, ten commits a second.
    ///   - searchesPerSecond: how many searches are begun each second.
    ///   - folder: an empty folder for the index.
    /// - Throws: the index's errors.
    package init(
        _ set: VectorSet, updatesPerSecond: Int = 2_000, searchesPerSecond: Int = 500, seconds: Double, folder: String,
        log: (String) -> Void
    ) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let core = try IndexCore(
            IndexFormat(dimensions: set.dimensions, metric: .cosine, element: .float32),
            directory: DiskDirectory(folder))
        try core.rebuild { body in
            for row in 0..<set.count {
                if try !IndexSubject.key(of: row).withUnsafeBytes({ try body($0, set.vector(row)) }) { return }
            }
        }
        _ = core.awaitBuild()
        let shared = SharedSnapshot(try core.commit(at: "0"))
        log("\(set.name): \(shared.snapshot.measures.count.grouped) entries; updating")
        let searcher = Searcher(set, shared, perSecond: searchesPerSecond)
        searcher.start()
        let start = ThreadMeter.seconds(CLOCK_MONOTONIC)
        let perCommit = max(1, updatesPerSecond / 10)
        var random = SeededNormals(seed: 17)
        (updates, largestSegmentCount, largestTailCount) = (0, 0, 0)
        var kept: [IndexSnapshot] = []
        while true {
            for _ in 0..<perCommit {
                try core.set(
                    IndexSubject.key(of: random.below(set.count)), to: set.vector(random.below(set.count)))
            }
            updates += perCommit
            shared.snapshot = try core.commit(at: "\(updates)")
            let measures = shared.snapshot.measures
            largestSegmentCount = max(largestSegmentCount, measures.segmentCount)
            largestTailCount = max(largestTailCount, measures.tailCount)
            let elapsed = ThreadMeter.seconds(CLOCK_MONOTONIC) - start
            if elapsed >= seconds { break }
            if elapsed >= seconds * Double(kept.count + 1) / Double(Self.momentCount + 1) {
                kept.append(shared.snapshot)
            }
            // The updates keep their rate even if a commit was late.
            let due = Double(updates) / Double(updatesPerSecond)
            if due > elapsed { Thread.sleep(forTimeInterval: due - elapsed) }
        }
        self.seconds = ThreadMeter.seconds(CLOCK_MONOTONIC) - start
        let (times, cpu) = try searcher.stop()
        log("\(set.name): updated; measuring the recall")
        recall = try Self.recall(of: kept, set.queries)
        core.close()
        searches = times.count
        p50Ms = Self.percentile(times, 0.5) * 1e3
        p99Ms = Self.percentile(times, 0.99) * 1e3
        p999Ms = Self.percentile(times, 0.999) * 1e3
        largestMs = (times.max() ?? 0) * 1e3
        cpuMicroseconds = cpu.reduce(0, +) / Double(max(1, cpu.count)) * 1e6
        p99CPUMs = Self.percentile(cpu, 0.99) * 1e3
    }

    private static let momentCount = 5

    /// The share of the truly nearest that some of the queries find.
    private static func recall(of snapshots: [IndexSnapshot], _ queries: [[Float]]) throws -> Double {
        var (found, count) = (0, 0)
        for snapshot in snapshots {
            for query in queries.prefix(100) {
                let nearest = Set(try snapshot.search(near: query, count: 10, effort: nil).map(\.key))
                found += try snapshot.search(near: query, count: 10).count { nearest.contains($0.key) }
                count += nearest.count
            }
        }
        return Double(found) / Double(max(1, count))
    }

    package static func percentile(_ values: [Double], _ share: Double) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, max(0, Int((Double(sorted.count) * share).rounded(.up)) - 1))]
    }
}

/// The last snapshot of an index, for other threads.
private final class SharedSnapshot: Sendable {
    private let state: Mutex<IndexSnapshot>

    init(_ snapshot: IndexSnapshot) { state = Mutex(snapshot) }

    var snapshot: IndexSnapshot {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// A thread that searches at a steady rate.
private final class Searcher: Sendable {
    private struct State {
        var times: [Double] = []
        var cpu: [Double] = []
        var error: (any Error)?
        var isStopping = false
    }

    private let state = Mutex(State())
    private let hasEnded = DispatchSemaphore(value: 0)
    private let set: VectorSet
    private let shared: SharedSnapshot
    private let pause: Double

    init(_ set: VectorSet, _ shared: SharedSnapshot, perSecond: Int) {
        (self.set, self.shared, pause) = (set, shared, 1 / Double(max(1, perSecond)))
    }

    func start() {
        Thread.detachNewThread {
            do { try self.search() } catch { self.state.withLock { $0.error = error } }
            self.hasEnded.signal()
        }
    }

    private func search() throws {
        var (next, due) = (0, ThreadMeter.seconds(CLOCK_MONOTONIC))
        while !state.withLock({ $0.isStopping }) {
            let meter = ThreadMeter()
            _ = try shared.snapshot.search(near: set.queries[next], count: 10)
            let (time, cpu) = (meter.seconds, meter.cpuSeconds)
            state.withLock {
                $0.times.append(time)
                $0.cpu.append(cpu)
            }
            next = (next + 1) % set.queries.count
            due += pause
            let early = due - ThreadMeter.seconds(CLOCK_MONOTONIC)
            if early > 0 { Thread.sleep(forTimeInterval: early) }
        }
    }

    /// Ends the searches and returns the times that each took, on the wall and of the CPU.
    func stop() throws -> (times: [Double], cpu: [Double]) {
        state.withLock { $0.isStopping = true }
        hasEnded.wait()
        return try state.withLock { state in
            if let error = state.error { throw error }
            return (state.times, state.cpu)
        }
    }
}
