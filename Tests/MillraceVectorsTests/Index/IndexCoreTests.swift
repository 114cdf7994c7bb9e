import Foundation
import TestSupport
import Testing

@testable import MillraceVectors

@Suite("An index of vectors")
struct IndexCoreTests {
    /// Applies random changes, commit by commit.
    private struct Workload {
        var numbers: SeededNumbers
        var model = IndexModel()
        let dimensions: Int
        let keyCount: Int

        init(seed: UInt64, dimensions: Int = 8, keyCount: Int = 150) {
            numbers = SeededNumbers(seed: seed)
            self.dimensions = dimensions
            self.keyCount = keyCount
        }

        mutating func vector() -> [Float] { (0..<dimensions).map { _ in Float.random(in: -1...1, using: &numbers) } }

        mutating func change(_ index: IndexCore, count: Int) throws {
            for _ in 0..<count {
                let key = "key-\(Int.random(in: 0..<keyCount, using: &numbers))"
                let vector = Int.random(in: 0..<4, using: &numbers) == 0 ? nil : vector()
                let attributes = index.format.attributes == .none ? [] : IndexModel.attributes(of: vector)
                try index.set(Array(key.utf8), to: vector, attributes: attributes)
                model.set(key, to: vector)
            }
        }

        mutating func check(_ snapshot: IndexSnapshot, metric: VectorMetric = .cosine) throws {
            #expect(snapshot.count == model.vectors.count)
            let query = vector()
            let nearest = try snapshot.keys(near: query, count: 10)
            #expect(model.isNearest(nearest, to: query, count: 10, metric: metric))
            let even = { (key: String) in key.hasSuffix("0") || key.hasSuffix("2") }
            let filtered = try snapshot.keys(near: query, count: 7, where: even)
            #expect(model.isNearest(filtered, to: query, count: 7, metric: metric, where: even))
            if snapshot.format.attributes != .none {
                #expect(try model.hasNearest(in: snapshot, to: query, count: 6, metric: metric))
                #expect(try model.hasNearest(in: snapshot, to: query, count: 6, metric: metric, effort: 200))
            }
            // A graph of so few rows finds everything, too.
            let walked = try snapshot.keys(near: query, count: 10, effort: 200)
            #expect(model.isNearest(walked, to: query, count: 10, metric: metric))
        }
    }

    private func settings(_ format: IndexFormat) -> IndexSettings {
        var settings = IndexSettings(for: format)
        settings.tailCount = 16
        return settings
    }

    @Test(
        "answers as brute force does after every commit", arguments: VectorMetric.allCases,
        [VectorElement.float32, .int8])
    func exactness(metric: VectorMetric, element: VectorElement) throws {
        let format = try IndexFormat(
            dimensions: 8, metric: metric, element: element, attributes: #require(IndexModel.schema))
        let index = try IndexCore(format, settings: settings(format))
        var workload = Workload(seed: 1)
        for commit in 0..<200 {
            try workload.change(index, count: Int.random(in: 0..<12, using: &workload.numbers))
            try workload.check(index.commit(at: "\(commit)"), metric: metric)
        }
        #expect(index.segments.count < 8)
    }

    @Test("a snapshot stays as it was, whatever comes after it")
    func snapshots() throws {
        let format = try IndexFormat(dimensions: 8, metric: .euclidean, element: .float32)
        let index = try IndexCore(format, settings: settings(format))
        var workload = Workload(seed: 2)
        var kept: [(IndexSnapshot, IndexModel)] = []
        for commit in 0..<60 {
            try workload.change(index, count: 9)
            kept.append((try index.commit(at: "\(commit)"), workload.model))
        }
        for (snapshot, model) in kept {
            var past = workload
            past.model = model
            try past.check(snapshot, metric: .euclidean)
        }
    }

    @Test("after it is opened again, it has the last commit and goes on", arguments: [UInt64(3), 4, 5])
    func restarts(seed: UInt64) throws {
        let directory = try ScratchDirectory()
        let format = try IndexFormat(
            dimensions: 8, metric: .cosine, element: seed == 4 ? .int8 : .float32,
            attributes: #require(IndexModel.schema))
        var workload = Workload(seed: seed)
        var index: IndexCore?
        for commit in 0..<150 {
            if commit % 7 == 0 {
                index?.close()
                index = nil
                let opened = try IndexCore(format, settings: settings(format), directory: DiskDirectory(directory.path))
                #expect(opened.position == (commit == 0 ? "" : "\(commit - 1)"))
                index = opened
                if commit > 0 { try workload.check(opened.commit(at: opened.position)) }
            }
            let open = try #require(index)
            try workload.change(open, count: Int.random(in: 0..<12, using: &workload.numbers))
            // Changes that no commit has ended are lost with the process.
            try workload.check(open.commit(at: "\(commit)"))
            if commit % 3 == 0 { try open.checkpoint() }
        }
    }

    @Test("changes without a commit are not there after it is opened again")
    func withoutCommit() throws {
        let directory = try ScratchDirectory()
        let format = try IndexFormat(dimensions: 2, metric: .cosine, element: .float32)
        do {
            let index = try IndexCore(format, directory: DiskDirectory(directory.path))
            try index.set(Array("a".utf8), to: [1, 0])
            _ = try index.commit(at: "1")
            try index.set(Array("b".utf8), to: [1, 0])
            try index.set(Array("a".utf8), to: nil)
        }
        let index = try IndexCore(format, directory: DiskDirectory(directory.path))
        #expect(index.position == "1")
        #expect(try index.commit(at: "1").keys(near: [1, 0], count: 5) == ["a"])
    }

    @Test(
        "a file with a flipped bit or a missing end is noticed: the index is empty or at an earlier commit, never wrong"
    )
    func damage() throws {
        let format = try IndexFormat(
            dimensions: 4, metric: .euclidean, element: .int8, attributes: #require(IndexModel.schema))
        let directory = try ScratchDirectory()
        var workload = Workload(seed: 6, dimensions: 4)
        var models = ["": IndexModel()]
        do {
            let index = try IndexCore(format, settings: settings(format), directory: DiskDirectory(directory.path))
            for commit in 0..<40 {
                try workload.change(index, count: 9)
                _ = try index.commit(at: "\(commit)")
                models["\(commit)"] = workload.model
            }
            try awaitBuilds(of: index)
        }
        let names = directory.names
        #expect(
            names.contains("manifest") && names.contains { $0.hasPrefix("segment") }
                && names.contains { $0.hasPrefix("log") })
        var emptied = 0
        for name in names {
            let path = "\(directory.path)/\(name)"
            let original = try Data(contentsOf: URL(fileURLWithPath: path))
            for trial in 0..<24 where !original.isEmpty {
                let copy = try ScratchDirectory()
                for other in names {
                    try FileManager.default.copyItem(
                        atPath: "\(directory.path)/\(other)", toPath: "\(copy.path)/\(other)")
                }
                var damaged = original
                if trial % 4 == 3 {
                    damaged = damaged.prefix(Int.random(in: 0..<damaged.count, using: &workload.numbers))
                } else {
                    let place = Int.random(in: 0..<damaged.count, using: &workload.numbers)
                    damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &workload.numbers)
                }
                try damaged.write(to: URL(fileURLWithPath: "\(copy.path)/\(name)"))
                let index = try IndexCore(format, settings: settings(format), directory: DiskDirectory(copy.path))
                let model = try #require(models[index.position], "\(name), trial \(trial): \(index.position)")
                if index.position.isEmpty { emptied += 1 }
                let snapshot = try index.commit(at: index.position)
                #expect(snapshot.count == model.vectors.count, "\(name), trial \(trial)")
                let query = workload.vector()
                #expect(
                    model.isNearest(
                        try snapshot.keys(near: query, count: 10), to: query, count: 10, metric: .euclidean),
                    "\(name), trial \(trial)")
                #expect(
                    try model.hasNearest(in: snapshot, to: query, count: 10, metric: .euclidean),
                    "\(name), trial \(trial)")
            }
        }
        #expect(emptied > 0)
    }

    @Test("a missing file is noticed")
    func missingFiles() throws {
        let format = try IndexFormat(dimensions: 8, metric: .cosine, element: .float32)
        let directory = try ScratchDirectory()
        var workload = Workload(seed: 7)
        do {
            let index = try IndexCore(format, settings: settings(format), directory: DiskDirectory(directory.path))
            for commit in 0..<40 {
                try workload.change(index, count: 9)
                _ = try index.commit(at: "\(commit)")
            }
            try awaitBuilds(of: index)
        }
        for name in directory.names {
            let copy = try ScratchDirectory()
            for other in directory.names where other != name {
                try FileManager.default.copyItem(atPath: "\(directory.path)/\(other)", toPath: "\(copy.path)/\(other)")
            }
            let index = try IndexCore(format, settings: settings(format), directory: DiskDirectory(copy.path))
            #expect(index.position == "")
            #expect(try index.commit(at: "").count == 0)
            #expect(copy.names.filter { $0 != "manifest" && !$0.hasPrefix("log") } == [])
        }
    }

    @Test("the logs are those of the last tails, however the commits fall")
    func logs() throws {
        let format = try IndexFormat(dimensions: 8, metric: .cosine, element: .float32)
        let directory = try ScratchDirectory()
        var workload = Workload(seed: 10)
        let index = try IndexCore(format, settings: settings(format), directory: DiskDirectory(directory.path))
        for commit in 0..<200 {
            for _ in 0..<7 {
                try index.set(Array("key-\(workload.numbers.below(500))".utf8), to: workload.vector())
            }
            _ = try index.commit(at: "\(commit)")
        }
        try awaitBuilds(of: index)
        let size = try directory.names.filter { $0.hasPrefix("log") }.reduce(0) { sum, name in
            sum + (try Data(contentsOf: URL(fileURLWithPath: "\(directory.path)/\(name)")).count)
        }
        // Two tails of 16 rows have about 40 bytes and a few more for each change; all changes have 70,000.
        #expect(size < 5_000)
    }

    @Test("an index of another format is emptied")
    func otherFormat() throws {
        let directory = try ScratchDirectory()
        var workload = Workload(seed: 8)
        let format = try IndexFormat(dimensions: 8, metric: .cosine, element: .float32)
        do {
            let index = try IndexCore(format, settings: settings(format), directory: DiskDirectory(directory.path))
            try workload.change(index, count: 40)
            _ = try index.commit(at: "1")
            _ = try index.commit(at: "2")
            try awaitBuilds(of: index)
        }
        let formats = [
            try IndexFormat(dimensions: 8, metric: .euclidean, element: .float32),
            try IndexFormat(
                dimensions: 8, metric: .cosine, element: .float32, attributes: #require(IndexModel.schema)),
        ]
        for other in formats {
            let index = try IndexCore(other, settings: settings(other), directory: DiskDirectory(directory.path))
            #expect(index.position == "")
            try workload.change(index, count: 3)
            _ = try index.commit(at: "1")
        }
    }

    @Test("a vector that cannot be indexed changes nothing")
    func refusals() throws {
        let index = try IndexCore(try IndexFormat(dimensions: 2, metric: .cosine, element: .float32))
        try index.set(Array("a".utf8), to: [1, 0])
        for (vector, code) in [
            ([0, 0], VectorProblem.Code.zeroVector), ([1], .wrongDimensions), ([.nan, 1], .notFinite),
            ([.infinity, 1], .notFinite), ([], .wrongDimensions),
        ] as [([Float], VectorProblem.Code)] {
            do {
                try index.set(Array("a".utf8), to: vector)
                Issue.record("\(vector) was taken")
            } catch let problem as VectorProblem { #expect(problem.code == code) }
        }
        #expect(try index.commit(at: "1").keys(near: [1, 0], count: 1) == ["a"])
    }

    @Test("a snapshot can be searched on several threads while the index changes")
    func threads() async throws {
        let format = try IndexFormat(dimensions: 8, metric: .cosine, element: .float32)
        let directory = try ScratchDirectory()
        let index = try IndexCore(format, settings: settings(format), directory: DiskDirectory(directory.path))
        var workload = Workload(seed: 9)
        for round in 0..<30 {
            try workload.change(index, count: 20)
            let snapshot = try index.commit(at: "\(round)")
            let model = workload.model
            let queries = (0..<4).map { _ in workload.vector() }
            let searches = queries.map { query in
                Task.detached {
                    model.isNearest(try snapshot.keys(near: query, count: 10), to: query, count: 10, metric: .cosine)
                }
            }
            try workload.change(index, count: 20)
            _ = try index.commit(at: "\(round)b")
            for search in searches { #expect(try await search.value) }
        }
    }

    /// Commits until no segment is being made any more.
    private func awaitBuilds(of index: IndexCore) throws {
        repeat {
            _ = try index.commit(at: index.position)
        } while index.awaitBuild()
    }
}
