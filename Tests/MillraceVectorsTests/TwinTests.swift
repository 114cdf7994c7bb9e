import MillraceVectors
import TestSupport
import Testing

@Suite("Equal rows")
struct TwinTests {
    @Test("of one vector many times are all returned, and hide nobody")
    func oneCluster() throws {
        var source = ClusteredVectors(dimensions: 12, clusters: 8, seed: 31)
        let others = source.next(500)
        let twin = source.next()
        // Twins before, between and after the others; more of them than any list has links.
        let vectors = [twin] + others.flatMap { $0[0] > 0 ? [$0, twin] : [$0] } + [twin]
        let rows = try GraphFixture.rows(of: vectors, dimensions: 12, metric: .euclidean, element: .float32)
        let graph = try GraphBuilder.graph(of: rows, parameters: GraphParameters(links: 8, buildEffort: 48))
        let twins = vectors.indices.filter { vectors[$0] == twin }
        #expect(twins.count > 100)
        let query = try PreparedQuery(twin, format: rows.format)
        // As many as the graph is walked for, and as many as all rows are compared for.
        for count in [1, 12, twins.count] {
            let found = try graph.search(query, count: count, effort: 12)
            #expect(Set(found.map(\.row)).count == count && Set(twins).isSuperset(of: found.map(\.row)))
            #expect(found.allSatisfy { $0.distance == 0 })
        }
        // Everyone else is found from everywhere.
        var missed = 0
        for (row, vector) in vectors.enumerated() where vector != twin {
            let nearest = try graph.search(PreparedQuery(vector, format: rows.format), count: 1, effort: 12)
            if nearest.first?.row != row { missed += 1 }
        }
        #expect(missed <= 2)
        // A filter that lets only some twins through.
        let some = Set(twins.filter { $0 % 7 == 0 })
        let filtered = try graph.search(query, count: some.count, effort: 20) { some.contains($0) }
        #expect(Set(filtered.map(\.row)) == some)
    }

    @Test("of nothing but one vector form a graph", arguments: VectorElement.allCases)
    func onlyTwins(element: VectorElement) throws {
        let vectors = [[Float]](repeating: [1, -2, 3], count: 700)
        let rows = try GraphFixture.rows(of: vectors, dimensions: 3, metric: .cosine, element: element)
        let graph = try GraphBuilder.graph(of: rows)
        let query = try PreparedQuery([1, 1, 1], format: rows.format)
        for count in [1, 10, 700, 800] {
            let found = try graph.search(query, count: count, effort: 1)
            #expect(Set(found.map(\.row)).count == min(700, count))
        }
    }

    @Test("of many groups do not make islands")
    func manyGroups() throws {
        var source = ClusteredVectors(dimensions: 8, clusters: 4, seed: 32)
        let distinct = source.next(60)
        let vectors = (0..<1_800).map { distinct[$0 % 60] }
        let rows = try GraphFixture.rows(of: vectors, dimensions: 8, metric: .euclidean, element: .float32)
        let graph = try GraphBuilder.graph(of: rows, parameters: GraphParameters(links: 4, buildEffort: 16))
        for vector in distinct {
            let found = try graph.search(PreparedQuery(vector, format: rows.format), count: 30, effort: 30)
            #expect(found.count == 30)
            #expect(found.allSatisfy { vectors[$0.row] == vector })
        }
    }
}
