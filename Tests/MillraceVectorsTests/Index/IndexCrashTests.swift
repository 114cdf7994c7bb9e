import TestSupport
import Testing

@testable import MillraceVectors

/// An index over a directory that crashes at any step, against what was committed.
@Suite("Crashes of an index")
struct IndexCrashTests {
    private enum End: CaseIterable { case kill, powerLoss }

    /// The states of an index by position, and how much of them has to be left after an end.
    private struct History {
        var models = ["": IndexModel()]
        var committed = ""
        /// The last commit that made a complete index, which survives the end of the process.
        var complete = ""
        /// The last commit that survives the end of the system: by a checkpoint, or because the index was made anew until then.
        var durable = ""
        var number = 0

        func floor(_ end: End) -> String { end == .kill ? complete : durable }
    }

    private let format: IndexFormat
    private let settings: IndexSettings

    init() throws {
        format = try IndexFormat(
            dimensions: 3, metric: .euclidean, element: .float32, attributes: #require(IndexModel.schema))
        var settings = IndexSettings(for: format)
        settings.tailCount = 6
        settings.graph.buildEffort = 20
        // No commit waits for work that the test delays.
        settings.waitingTails = .max
        self.settings = settings
    }

    /// Works until a step crashes or the commits are done.
    private func work(
        on directory: SimulatedDirectory, _ history: inout History, _ numbers: inout SeededNumbers, commits: Int
    ) throws {
        let work = DelayedWork()
        let index = try IndexCore(format, settings: settings, directory: directory, threads: work)
        let position = index.position
        var model = try #require(history.models[position], "an unknown position: \(position)")
        if position.isEmpty, !history.committed.isEmpty {
            // The store has what the index lacks.
            let entries = (history.models[history.committed] ?? IndexModel()).vectors
            model = IndexModel(vectors: entries)
            (history.complete, history.durable) = ("", "")
            try index.rebuildAll { body in
                for (key, vector) in entries.sorted(by: { $0.key < $1.key }) {
                    if try !Array(key.utf8).withUnsafeBytes({ try body($0, vector, IndexModel.row(of: vector)) }) {
                        return
                    }
                }
            }
        }
        var isBeingMade = index.rebuiltCount != nil
        for _ in 0..<commits {
            for _ in 0..<Int.random(in: 0..<6, using: &numbers) {
                let key = "key-\(Int.random(in: 0..<25, using: &numbers))"
                let isDeleted = Int.random(in: 0..<4, using: &numbers) == 0
                let vector = isDeleted ? nil : (0..<3).map { _ in Float.random(in: -1...1, using: &numbers) }
                try index.set(Array(key.utf8), to: vector, attributes: IndexModel.attributes(of: vector))
                model.set(key, to: vector)
            }
            history.number += 1
            // A commit that fails may be there or not.
            history.models["\(history.number)"] = model
            let snapshot = try index.commit(at: "\(history.number)")
            history.committed = "\(history.number)"
            if snapshot.isComplete {
                history.complete = history.committed
                if isBeingMade { history.durable = history.committed }
                isBeingMade = false
                let query = (0..<3).map { _ in Float.random(in: -1...1, using: &numbers) }
                let found = try snapshot.keys(near: query, count: 5)
                #expect(model.isNearest(found, to: query, count: 5, metric: .euclidean))
                #expect(try model.hasNearest(in: snapshot, to: query, count: 5, metric: .euclidean))
            }
            if Int.random(in: 0..<3, using: &numbers) == 0 { work.runSome(&numbers) }
            if Int.random(in: 0..<4, using: &numbers) == 0 {
                try index.checkpoint()
                history.durable = index.position
            }
        }
    }

    private func check(
        _ directory: SimulatedDirectory, _ history: History, _ numbers: inout SeededNumbers, floor: String
    ) throws {
        let index = try IndexCore(format, settings: settings, directory: directory, threads: DelayedWork())
        let model = try #require(history.models[index.position])
        #expect((Int(index.position) ?? 0) >= (Int(floor) ?? 0), "the index is behind a durable commit")
        // An index without a position is made anew, whatever is in it.
        if index.position.isEmpty { return index.close() }
        let snapshot = try index.commit(at: index.position)
        #expect(snapshot.count == model.vectors.count)
        let query = (0..<3).map { _ in Float.random(in: -1...1, using: &numbers) }
        #expect(model.isNearest(try snapshot.keys(near: query, count: 40), to: query, count: 40, metric: .euclidean))
        #expect(try model.hasNearest(in: snapshot, to: query, count: 40, metric: .euclidean))
        index.close()
    }

    /// A run from a seed: several processes, each of which crashes somewhere.
    private func run(seed: UInt64, _ end: End) throws {
        var numbers = SeededNumbers(seed: seed)
        var directory = SimulatedDirectory()
        var history = History()
        for _ in 0..<6 {
            directory.crash(atStep: directory.stepCount + Int.random(in: 1..<250, using: &numbers))
            do { try work(on: directory, &history, &numbers, commits: 40) } catch is SimulatedDirectory.Crash {}
            directory = end == .kill ? directory.afterKill() : directory.afterPowerLoss(&numbers)
            try check(directory.afterKill(), history, &numbers, floor: history.floor(end))
        }
    }

    @Test(
        "at whatever step the process is killed, the index opens at a commit, with exactly its entries",
        arguments: 0..<60)
    func kills(seed: Int) throws { try run(seed: UInt64(seed), .kill) }

    @Test("at whatever step the system ends, the index opens at a commit, with exactly its entries", arguments: 0..<60)
    func powerLoss(seed: Int) throws { try run(seed: UInt64(seed), .powerLoss) }

    @Test("each of the first steps is a place to be killed at", arguments: [End.kill, .powerLoss])
    private func everyStep(end: End) throws {
        for step in 0..<400 {
            var numbers = SeededNumbers(seed: 7)
            let directory = SimulatedDirectory()
            var history = History()
            directory.crash(atStep: step)
            do { try work(on: directory, &history, &numbers, commits: 30) } catch is SimulatedDirectory.Crash {}
            let next = end == .kill ? directory.afterKill() : directory.afterPowerLoss(&numbers)
            try check(next, history, &numbers, floor: history.floor(end))
        }
    }
}
