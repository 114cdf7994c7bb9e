import Synchronization
import TestSupport
import Testing

@testable import MillraceVectors

@Suite("Segments that are made beside each other")
struct MergeOrderTests {
    /// Does small work at once and keeps the large until a test wants it to be done.
    private final class HeldMerges: BuildExecutor {
        private let held = Mutex<[@Sendable () -> Void]>([])

        var count: Int { held.withLock { $0.count } }

        func run(_ size: BuildSize, _ work: @escaping @Sendable () -> Void) {
            switch size {
            case .small: work()
            case .large: held.withLock { $0.append(work) }
            }
        }

        func runAll() {
            let works = held.withLock { works in
                defer { works = [] }
                return works
            }
            for work in works { work() }
        }
    }

    private let format: IndexFormat
    private var settings: IndexSettings

    init() throws {
        format = try IndexFormat(dimensions: 4, metric: .euclidean, element: .float32)
        settings = IndexSettings(for: format)
        settings.tailCount = 16
        settings.waitingTails = .max
    }

    @Test("while a merge goes on, full tails become segments, and what changes in the merged ones is not lost")
    func besideMerge() throws {
        let (threads, directory) = (HeldMerges(), SimulatedDirectory())
        let index = try IndexCore(format, settings: settings, directory: directory, threads: threads)
        var numbers = SeededNumbers(seed: 1)
        var model = IndexModel()
        func vector() -> [Float] { (0..<4).map { _ in Float.random(in: -1...1, using: &numbers) } }
        func check(_ snapshot: IndexSnapshot) throws {
            #expect(snapshot.count == model.vectors.count)
            let query = vector()
            for effort in [nil, 200] {
                let found = try snapshot.keys(near: query, count: 20, effort: effort)
                #expect(model.isNearest(found, to: query, count: 20, metric: .euclidean))
            }
        }
        var (row, commitsBeside) = (0, 0)
        while commitsBeside < 40 {
            for _ in 0..<16 {
                // Some of the rows change while they are merged.
                let key = numbers.chance(20) ? "key-\(numbers.below(row + 1))" : "key-\(row)"
                let new = vector()
                try index.set(Array(key.utf8), to: new)
                model.set(key, to: new)
                row += 1
            }
            try check(index.commit(at: "\(row)"))
            #expect(index.fullTails.isEmpty)
            if threads.count > 0 { commitsBeside += 1 }
        }
        #expect(threads.count == 1)
        let countBefore = index.segments.count
        while threads.count > 0 {
            threads.runAll()
            try check(index.commit(at: "\(row)"))
        }
        #expect(index.segments.count < countBefore)
        index.close()
        let opened = try IndexCore(format, settings: settings, directory: directory, threads: HeldMerges())
        #expect(opened.position == "\(row)")
        try check(opened.commit(at: opened.position))
    }

    @Test("tails wait for a merge while there are too many segments")
    func segmentLimit() throws {
        var settings = settings
        settings.segmentLimit = 6
        let threads = HeldMerges()
        let index = try IndexCore(format, settings: settings, directory: SimulatedDirectory(), threads: threads)
        var numbers = SeededNumbers(seed: 2)
        var row = 0
        func commit() throws {
            for _ in 0..<16 {
                try index.set(
                    Array("key-\(row)".utf8), to: (0..<4).map { _ in Float.random(in: -1...1, using: &numbers) })
                row += 1
            }
            _ = try index.commit(at: "\(row)")
        }
        while index.fullTails.isEmpty, row < 16 * 200 { try commit() }
        #expect(index.segments.count == 6 && threads.count == 1)
        threads.runAll()
        _ = try index.commit(at: "\(row)")
        #expect(index.fullTails.isEmpty && index.segments.count < 6)
    }
}
