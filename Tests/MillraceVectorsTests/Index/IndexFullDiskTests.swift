import TestSupport
import Testing

@testable import MillraceVectors

/// An index whose disk is full for some steps, against what was committed.
@Suite("An index on a full disk")
struct IndexFullDiskTests {
    private let format: IndexFormat
    private let settings: IndexSettings

    init() throws {
        format = try IndexFormat(dimensions: 3, metric: .euclidean, element: .float32)
        var settings = IndexSettings(for: format)
        settings.tailCount = 6
        settings.graph.buildEffort = 20
        settings.waitingTails = .max
        self.settings = settings
    }

    /// An index, what it has to contain at each position, and the work that waits.
    private struct Run {
        var index: IndexCore
        var models: [String: IndexModel] = ["": IndexModel()]
        var model = IndexModel()
        var numbers: SeededNumbers
        let work: DelayedWork
        var commitCount = 0
        /// The number of commits after which the index said that it cannot write.
        var failingCount = 0

        mutating func commit(changes: Int) throws {
            for _ in 0..<changes {
                let key = "key-\(numbers.below(25))"
                let vector = numbers.chance(25) ? nil : vector()
                try index.set(Array(key.utf8), to: vector)
                model.set(key, to: vector)
            }
            commitCount += 1
            models["\(commitCount)"] = model
            let snapshot = try index.commit(at: "\(commitCount)")
            if snapshot.measures.fileProblem != nil { failingCount += 1 }
            if snapshot.isComplete { try check(snapshot, model) }
            if numbers.chance(33) { work.runSome(&numbers) }
            if numbers.chance(25) { try index.checkpoint() }
        }

        mutating func vector() -> [Float] { (0..<3).map { _ in Float.random(in: -1...1, using: &numbers) } }

        mutating func check(_ snapshot: IndexSnapshot, _ model: IndexModel) throws {
            #expect(snapshot.count == model.vectors.count)
            let query = vector()
            for effort in [nil, 200] {
                let found = try snapshot.keys(near: query, count: 40, effort: effort)
                #expect(model.isNearest(found, to: query, count: 40, metric: .euclidean))
            }
        }

        /// Commits until everything is on disk; fails if that takes too long.
        mutating func settle() throws {
            for _ in 0..<600 {
                try commit(changes: 0)
                work.runAll(&numbers)
                let snapshot = try index.commit(at: "\(commitCount)")
                let isOnDisk = snapshot.fileProblem == nil && !snapshot.segments.contains(where: \.name.isEmpty)
                if isOnDisk, snapshot.isComplete, index.fullTails.isEmpty { return try index.checkpoint() }
            }
            Issue.record("the index is not on disk again")
        }
    }

    private func run(on directory: SimulatedDirectory, seed: UInt64) throws -> Run {
        let work = DelayedWork()
        let index = try IndexCore(format, settings: settings, directory: directory, threads: work)
        return Run(index: index, numbers: SeededNumbers(seed: seed), work: work)
    }

    private func reopen(_ directory: SimulatedDirectory, _ run: inout Run) throws -> String {
        let index = try IndexCore(format, settings: settings, directory: directory, threads: DelayedWork())
        let position = index.position
        let model = try #require(run.models[position], "an unknown position: \(position)")
        if !position.isEmpty { try run.check(index.commit(at: position), model) }
        index.close()
        return position
    }

    @Test(
        "at whatever step the disk gets full and for however long, answers stay right and all is on disk afterwards",
        arguments: [1, 2, 7, 60, 2_000])
    func everyStep(length: Int) throws {
        var failingCount = 0
        for first in stride(from: 0, to: 420, by: length > 1 ? 5 : 1) {
            let directory = SimulatedDirectory()
            directory.fill(atSteps: first..<first + length)
            var run = try run(on: directory, seed: UInt64(first))
            for _ in 0..<30 { try run.commit(changes: run.numbers.below(6)) }
            directory.fill(atSteps: 0..<0)
            try run.settle()
            failingCount += run.failingCount
            // What is durable needs neither the logs nor the segments from before.
            let numbers = run.numbers
            for trial in 0..<3 {
                var numbers = numbers
                for _ in 0..<trial { _ = numbers.next() }
                #expect(try reopen(directory.afterPowerLoss(&numbers), &run) == "\(run.commitCount)", "step \(first)")
            }
            let names = try directory.names()
            #expect(!names.contains { $0.hasSuffix(".draft") }, "\(names)")
            #expect(names.filter { $0.hasPrefix("segment") }.count == run.index.segments.count, "\(names)")
            run.index.close()
        }
        #expect(failingCount > 40)
    }

    @Test(
        "a process that is killed while the disk is full leaves an index at a commit, or an empty one",
        arguments: 0..<20)
    func kills(seed: Int) throws {
        var numbers = SeededNumbers(seed: UInt64(seed))
        for _ in 0..<40 {
            let directory = SimulatedDirectory()
            let first = numbers.below(300)
            let end = first + numbers.below(40)
            directory.fill(atSteps: first..<end)
            // Most often while everything is written again.
            directory.crash(atStep: end + numbers.below(30))
            var run: Run
            do { run = try self.run(on: directory, seed: UInt64(seed)) } catch is SimulatedDirectory.Crash { continue }
            do {
                for _ in 0..<80 { try run.commit(changes: run.numbers.below(6)) }
            } catch is SimulatedDirectory.Crash {}
            _ = try reopen(directory.afterKill(), &run)
            _ = try reopen(directory.afterPowerLoss(&numbers), &run)
            run.index.close()
        }
    }

    @Test("an index without commits asks for one after some checkpoints, and is on disk again", arguments: 0..<10)
    func idle(seed: UInt64) throws {
        let directory = SimulatedDirectory()
        var run = try run(on: directory, seed: seed)
        for _ in 0..<10 { try run.commit(changes: 4) }
        directory.fill(atSteps: directory.stepCount..<Int.max)
        for _ in 0..<(5 + 100 * Int(seed)) { try run.commit(changes: 1) }
        #expect(run.failingCount > 0)
        directory.fill(atSteps: 0..<0)
        run.work.runAll(&run.numbers)
        for _ in 0..<4 { try run.index.checkpoint() }
        #expect(run.index.isCommitWanted)
        let snapshot = try run.index.commit(at: "\(run.commitCount)")
        #expect(snapshot.fileProblem == nil)
        try run.check(snapshot, run.model)
        try run.settle()
        #expect(try reopen(directory.afterKill(), &run) == "\(run.commitCount)")
        run.index.close()
    }

    @Test("an index that is made anew on a full disk begins again when there is room", arguments: [0, 5, 12, 30, 80])
    func rebuild(first: Int) throws {
        let directory = SimulatedDirectory()
        var run = try run(on: directory, seed: 1)
        for number in 0..<40 { run.model.set("old-\(number)", to: run.vector()) }
        let entries = run.model.vectors.sorted { $0.key < $1.key }
        directory.fill(atSteps: directory.stepCount + first..<Int.max)
        try run.index.rebuild { body in
            for (key, vector) in entries {
                if try !Array(key.utf8).withUnsafeBytes({ try body($0, vector) }) { return }
            }
        }
        for _ in 0..<20 { try run.commit(changes: 3) }
        #expect(run.failingCount > 0)
        directory.fill(atSteps: 0..<0)
        try run.settle()
        try run.check(run.index.commit(at: "\(run.commitCount)"), run.model)
        #expect(try reopen(directory.afterKill(), &run) == "\(run.commitCount)")
        run.index.close()
    }
}
