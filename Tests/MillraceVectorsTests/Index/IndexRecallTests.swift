import TestSupport
import Testing

@testable import MillraceVectors

@Suite("What an index of several segments finds")
struct IndexRecallTests {
    /// The keys of an index in which entries were added, changed and deleted, and their vectors.
    private func index(
        _ format: IndexFormat, _ settings: IndexSettings, _ source: inout ClusteredVectors, seed: UInt64
    ) throws -> (IndexSnapshot, [[UInt8]: [Float]]) {
        let index = try IndexCore(format, settings: settings)
        var numbers = SeededNumbers(seed: seed)
        var vectors: [[UInt8]: [Float]] = [:]
        for commit in 0..<60 {
            for _ in 0..<80 {
                let key = Array("key-\(numbers.below(3_000))".utf8)
                let vector = numbers.chance(10) ? nil : source.next()
                try index.set(key, to: vector)
                vectors[key] = vector
            }
            _ = try index.commit(at: "\(commit)")
        }
        return (try index.commit(at: "end"), vectors)
    }

    @Test("is as much as one graph finds, while entries are added, changed and deleted", arguments: [1, 2])
    func recall(seed: UInt64) throws {
        let format = try IndexFormat(dimensions: 24, metric: .euclidean, element: .float32)
        var settings = IndexSettings(for: format)
        settings.tailCount = 100
        settings.graph = GraphParameters(links: 8, buildEffort: 48)
        var source = ClusteredVectors(dimensions: 24, clusters: 12, seed: seed)
        let (snapshot, vectors) = try index(format, settings, &source, seed: seed)
        #expect(snapshot.count == vectors.count && snapshot.segments.count > 2)
        let rows = try GraphFixture.rows(
            of: vectors.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value), dimensions: 24,
            metric: .euclidean, element: .float32)
        let graph = try GraphBuilder.graph(of: rows, parameters: settings.graph)
        var (found, foundInGraph, expected) = (0, 0, 0)
        for query in source.next(150) {
            let exact = Set(try snapshot.search(near: query, count: 10, effort: nil).map(\.key))
            expected += exact.count
            found += try snapshot.search(near: query, count: 10, effort: 24).count { exact.contains($0.key) }
            let prepared = try PreparedQuery(query, format: rows.format)
            let nearest = Set(try ExactScan.nearest(prepared, rows: rows, count: 10).map(\.row))
            foundInGraph += try graph.search(prepared, count: 10, effort: 24).count { nearest.contains($0.row) }
        }
        #expect(expected == 1_500)
        // The measure says something only if the graph misses some.
        #expect(foundInGraph < expected && foundInGraph > expected / 2)
        #expect(found >= foundInGraph - expected / 100, "\(found) and \(foundInGraph) of \(expected)")
    }

    @Test("includes all of a small segment if that has the nearest")
    func newEntries() throws {
        let format = try IndexFormat(dimensions: 24, metric: .euclidean, element: .float32)
        var settings = IndexSettings(for: format)
        settings.tailCount = 1_500
        settings.waitingTails = .max
        let index = try IndexCore(format, settings: settings)
        var source = ClusteredVectors(dimensions: 24, clusters: 12, seed: 5)
        for row in 0..<6_000 { try index.set(Array("old-\(row)".utf8), to: source.next()) }
        _ = try index.commit(at: "old")
        var near = ClusteredVectors(dimensions: 24, clusters: 1, seed: 6)
        for row in 0..<1_500 { try index.set(Array("new-\(row)".utf8), to: near.next()) }
        let snapshot = try index.commit(at: "new")
        #expect(snapshot.segments.count >= 2 && snapshot.tails.isEmpty)
        var (found, expected) = (0, 0)
        for query in near.next(60) {
            let exact = Set(try snapshot.search(near: query, count: 10, effort: nil).map(\.key))
            expected += exact.count { $0.starts(with: Array("new".utf8)) }
            found += try snapshot.search(near: query, count: 10).count { exact.contains($0.key) }
        }
        #expect(expected > 590)
        #expect(found > 590, "\(found)")
    }
}
