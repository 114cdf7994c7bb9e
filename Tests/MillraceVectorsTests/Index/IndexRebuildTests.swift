import Dispatch
import TestSupport
import Testing

@testable import MillraceVectors

@Suite("Making an index anew")
struct IndexRebuildTests {
    private let format: IndexFormat
    private let settings: IndexSettings

    init() throws {
        format = try IndexFormat(dimensions: 4, metric: .euclidean, element: .float32)
        var settings = IndexSettings(for: format)
        settings.tailCount = 16
        self.settings = settings
    }

    private func vectors(_ count: Int, seed: UInt64) -> [(String, [Float])] {
        var numbers = SeededNumbers(seed: seed)
        return (0..<count).map { number in
            ("key-\(number)", (0..<4).map { _ in Float.random(in: -1...1, using: &numbers) })
        }
    }

    @Test(
        "finds all entries of the store, and the newer changes instead of the older entries", arguments: [false, true])
    func complete(isOnDisk: Bool) throws {
        let directory = try ScratchDirectory()
        let index = try IndexCore(format, settings: settings, directory: isOnDisk ? DiskDirectory(directory.path) : nil)
        let entries = vectors(500, seed: 1)
        var model = IndexModel()
        for (key, vector) in entries { model.set(key, to: vector) }
        try index.set(Array("old".utf8), to: [1, 1, 1, 1])
        _ = try index.commit(at: "1")
        try index.rebuild { body in
            for (key, vector) in entries {
                if try !Array(key.utf8).withUnsafeBytes({ try body($0, vector) }) { return }
            }
        }
        for (number, (key, vector)) in vectors(40, seed: 2).enumerated() {
            let vector = number % 3 == 0 ? nil : vector
            try index.set(Array(key.utf8), to: vector)
            model.set(key, to: vector)
        }
        var snapshot = try index.commit(at: "2")
        while index.awaitBuild() {
            #expect(index.isCommitWanted)
            snapshot = try index.commit(at: "3")
        }
        #expect(!index.isCommitWanted)
        #expect(snapshot.isComplete && snapshot.count == model.vectors.count)
        for (_, query) in vectors(20, seed: 3) {
            #expect(
                model.isNearest(try snapshot.keys(near: query, count: 10), to: query, count: 10, metric: .euclidean))
        }
        snapshot = try index.commit(at: "4")
        #expect(index.position == "4")
        if isOnDisk {
            let opened = try IndexCore(format, settings: settings, directory: DiskDirectory(directory.path))
            #expect(opened.position == "4")
            let query = vectors(1, seed: 4)[0].1
            #expect(
                model.isNearest(
                    try opened.commit(at: "4").keys(near: query, count: 10), to: query, count: 10, metric: .euclidean))
        }
    }

    @Test(
        "an index that was made anew keeps its position without another commit or checkpoint", arguments: [false, true])
    func kept(losesPower: Bool) throws {
        let (directory, work) = (SimulatedDirectory(), DelayedWork())
        let index = try IndexCore(format, settings: settings, directory: directory, threads: work)
        let entries = vectors(50, seed: 1)
        try index.rebuild { body in
            for (key, vector) in entries {
                if try !Array(key.utf8).withUnsafeBytes({ try body($0, vector) }) { return }
            }
        }
        #expect(try !index.commit(at: "7").isComplete)
        var numbers = SeededNumbers(seed: 2)
        work.runAll(&numbers)
        #expect(try index.commit(at: "7").isComplete && index.position == "7")
        for seed in 0..<10 as Range<UInt64> {
            numbers = SeededNumbers(seed: seed)
            let left = losesPower ? directory.afterPowerLoss(&numbers) : directory.afterKill()
            let opened = try IndexCore(format, settings: settings, directory: left, threads: DelayedWork())
            #expect(opened.position == "7")
            #expect(try opened.commit(at: "7").count == 50)
        }
    }

    @Test("an index that ends while it is made anew has no position afterwards")
    func interrupted() throws {
        let directory = try ScratchDirectory()
        let index = try IndexCore(format, settings: settings, directory: DiskDirectory(directory.path))
        let mayGoOn = DispatchSemaphore(value: 0)
        let entries = vectors(50, seed: 1)
        try index.rebuild { body in
            for (number, (key, vector)) in entries.enumerated() {
                if number == 25 { mayGoOn.wait() }
                if try !Array(key.utf8).withUnsafeBytes({ try body($0, vector) }) { return }
            }
        }
        try index.set(Array("key-1".utf8), to: [0, 0, 0, 0])
        let snapshot = try index.commit(at: "7")
        #expect(!snapshot.isComplete && index.position == "")
        try index.checkpoint()
        let opened = try IndexCore(format, settings: settings, directory: DiskDirectory(directory.path))
        #expect(opened.position == "")
        index.close()
        mayGoOn.signal()
    }

    @Test("a store that cannot be read makes the index fail")
    func failures() throws {
        struct Broken: Error {}
        let index = try IndexCore(format, settings: settings)
        try index.rebuild { _ in throw Broken() }
        #expect(throws: Broken.self) { try index.commit(at: "1") }
    }
}
