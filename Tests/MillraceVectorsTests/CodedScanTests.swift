import TestSupport
import Testing

@testable import MillraceVectors

@Suite("Scans and graphs by codes")
struct CodedScanTests {
    private func scan(
        _ query: [Float], _ rows: VectorRows, _ codes: VectorRows, count: Int, where mayReturn: ((Int) -> Bool)? = nil
    ) throws -> [Neighbor]? {
        try CodedScan.nearestWithTies(
            PreparedQuery(query, format: rows.format), PreparedQuery(query, format: codes.format), rows: rows,
            codes: codes, count: count, where: mayReturn)
    }

    private func codes(of vectors: [[Float]], dimensions: Int, metric: VectorMetric) throws -> VectorRows {
        try GraphFixture.rows(of: vectors, dimensions: dimensions, metric: metric, element: .int8)
    }

    @Test(
        "find what a scan of all rows finds, ties included",
        arguments: [VectorMetric.cosine, .dotProduct, .euclidean], [VectorElement.float32, .float16])
    func equalResults(metric: VectorMetric, element: VectorElement) throws {
        var source = ClusteredVectors(dimensions: 64, clusters: 6, seed: 3)
        let distinct = source.next(1_000)
        // Every vector twice, so that there are ties.
        let vectors = distinct + distinct
        let rows = try GraphFixture.rows(of: vectors, dimensions: 64, metric: metric, element: element)
        let codes = try codes(of: vectors, dimensions: 64, metric: metric)
        var scanned = 0
        for query in source.next(40) {
            for mayReturn in [nil, { $0 % 3 != 0 }] as [((Int) -> Bool)?] {
                guard let found = try scan(query, rows, codes, count: 9, where: mayReturn) else { continue }
                scanned += 1
                let expected = try ExactScan.nearestWithTies(
                    PreparedQuery(query, format: rows.format), rows: rows, count: 9, where: mayReturn)
                #expect(found.map(\.distance) == expected.map(\.distance))
                #expect(Set(found.map(\.row)) == Set(expected.map(\.row)))
            }
        }
        #expect(scanned > 60, "\(scanned)")
    }

    @Test("do not decide what is too near for codes")
    func tooNear() throws {
        var numbers = SeededNumbers(seed: 4)
        // They differ by a thousandth of their length, and codes by four times as much.
        let vectors = (0..<2_000).map { _ in
            (0..<64).map { _ in 1 + 0.001 * Float.random(in: -1...1, using: &numbers) }
        }
        let rows = try GraphFixture.rows(of: vectors, dimensions: 64, metric: .euclidean, element: .float32)
        let codes = try codes(of: vectors, dimensions: 64, metric: .euclidean)
        for query in vectors.prefix(20) { #expect(try scan(query, rows, codes, count: 10) == nil) }
        #expect(BuildCodes.codes(of: rows) == nil)
    }

    @Test("an index finds everything in its tail, whether codes tell its rows apart or not", arguments: [0.5, 0.001])
    func tail(spread: Float) throws {
        var numbers = SeededNumbers(seed: 5)
        let format = try IndexFormat(dimensions: 64, metric: .euclidean, element: .float32)
        let index = try IndexCore(format)
        for row in 0..<2_000 {
            let vector = (0..<64).map { _ in 1 + spread * Float.random(in: -1...1, using: &numbers) }
            try index.set(Array("key-\(row)".utf8), to: vector)
        }
        let snapshot = try index.commit(at: "1")
        #expect(snapshot.segments.isEmpty && snapshot.tails.count == 1)
        for _ in 0..<40 {
            let query = (0..<64).map { _ in 1 + spread * Float.random(in: -1...1, using: &numbers) }
            #expect(
                try snapshot.search(near: query, count: 10).map(\.key)
                    == snapshot.search(near: query, count: 10, effort: nil).map(\.key))
        }
    }

    @Test("a graph that is built by codes finds as much as another")
    func graphs() throws {
        let fixture = try GraphFixture(count: 4_000, dimensions: 64, metric: .cosine, queries: 100, seed: 6)
        let codes = try #require(BuildCodes.codes(of: fixture.rows))
        let graph = try GraphBuilder(
            rows: fixture.rows, codes: codes, parameters: GraphParameters(links: 8, buildEffort: 48)
        ).finish()
        try graph.sections.check()
        func recall(_ graph: NeighborGraph) throws -> Double {
            try fixture.recall(of: 10) { try graph.search(fixture.prepared($0), count: 10, effort: 20) }
        }
        let (coded, plain) = (try recall(graph), try recall(fixture.graph))
        #expect(plain > 0.8 && plain < 1, "the measure says nothing: \(plain)")
        #expect(coded > plain - 0.02, "\(coded) instead of \(plain)")
    }

    @Test("there are no codes of rows that are small already, and not fewer codes than rows")
    func refusals() throws {
        var source = ClusteredVectors(dimensions: 64, clusters: 2, seed: 7)
        let vectors = source.next(300)
        let rows = try GraphFixture.rows(of: vectors, dimensions: 64, metric: .cosine, element: .float32)
        #expect(BuildCodes.codes(of: rows) != nil)
        for element in [VectorElement.float16, .int8, .binary] {
            #expect(
                try BuildCodes.codes(
                    of: GraphFixture.rows(of: vectors, dimensions: 64, metric: .cosine, element: element)) == nil)
        }
        let few = try codes(of: Array(vectors.prefix(299)), dimensions: 64, metric: .cosine)
        #expect(throws: VectorProblem.self) { try GraphBuilder(rows: rows, codes: few) }
    }
}
