import Foundation
import Millrace
import MillraceRuntime
import MillraceTesting
import TestSupport
import Testing

@testable import MillraceVectors

@Suite("Vectors of a table in RocksDB")
struct VectorsOnDiskTests {
    private let index = VectorIndex<String, [Float]>("similar", of: { $0 }, dimensions: 4, metric: .euclidean)

    private func topology(indexed isIndexed: Bool = true) throws -> Topology {
        let builder = StreamsBuilder()
        let store = Materialized<String, [Float]>.store("vectors")
        builder.table(
            "vectors", key: .string, value: .json([Float].self), into: isIndexed ? store.indexed(by: index) : store)
        return try builder.build()
    }

    private func driver(_ topology: Topology, in directory: ScratchDirectory) throws -> TopologyTestDriver {
        try TopologyTestDriver(topology, storage: .rocksDB(in: directory.path))
    }

    /// Pipes vectors, and returns what the table has then.
    private func pipe(_ count: Int, to driver: TopologyTestDriver, _ model: inout IndexModel, seed: UInt64) throws {
        var numbers = SeededNumbers(seed: seed)
        let input = driver.inputTopic("vectors", key: .string, value: .json([Float].self))
        for _ in 0..<count {
            let key = "key-\(numbers.below(2_000))"
            let vector = numbers.chance(10) ? nil : (0..<4).map { _ in Float.random(in: -1...1, using: &numbers) }
            try input.pipe(key: key, value: vector)
            model.set(key, to: vector)
        }
    }

    private func check(_ driver: TopologyTestDriver, _ model: IndexModel, seed: UInt64) throws {
        var numbers = SeededNumbers(seed: seed)
        let vectors = try driver.store(.vectors(index))
        for _ in 0..<20 {
            let query = (0..<4).map { _ in Float.random(in: -1...1, using: &numbers) }
            let found = try vectors.search(near: query, count: 10, effort: .exact)
            #expect(
                model.isNearest(found.matches.map(\.key), to: query, count: 10, metric: .euclidean),
                "\(found.matches.map(\.key))")
        }
    }

    @Test("an index finds what its table has, however the instance ends", arguments: InstanceEnding.allCases)
    func endings(ending: InstanceEnding) throws {
        let directory = try ScratchDirectory()
        let driver = try driver(topology(), in: directory)
        var model = IndexModel()
        for round in 0..<3 as Range<UInt64> {
            try pipe(400, to: driver, &model, seed: round)
            try driver.checkpoint()
            try pipe(100, to: driver, &model, seed: 10 + round)
            try driver.restart(ending)
            try check(driver, model, seed: 20 + round)
        }
    }

    @Test("an index is in a folder of its task, and goes with it when the store has none any more")
    func folders() throws {
        let directory = try ScratchDirectory()
        func folders() -> [String] {
            (FileManager.default.subpaths(atPath: directory.path) ?? []).filter {
                $0.hasSuffix("index/vectors/similar")
            }
        }
        var model = IndexModel()
        do {
            let driver = try driver(topology(), in: directory)
            try pipe(50, to: driver, &model, seed: 1)
            try driver.checkpoint()
        }
        #expect(folders().count == 1)
        do { _ = try driver(topology(indexed: false), in: directory) }
        #expect(folders() == [])
    }
}
