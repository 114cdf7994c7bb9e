import MillraceVectors
import TestSupport
import Testing

@Suite("Searches in a graph")
struct GraphSearchTests {
    @Test("find what an exact search finds, and not by scanning", arguments: RowFormatTests.all)
    func recall(element: VectorElement, metric: VectorMetric) throws {
        let fixture = try GraphFixture(count: 1_200, metric: metric, element: element, seed: 11)
        // Distances in bits have many ties, in which any order is right; the two-phase test below judges them.
        let wanted = element == .binary ? 0.5 : 0.9
        let recall = try fixture.recall(of: 10) {
            try fixture.graph.search(fixture.prepared($0), count: 10, effort: 24)
        }
        #expect(recall >= wanted, "\(recall)")
        // With little effort something is missed: so the graph was walked over, not all rows.
        let little = try fixture.recall(of: 10) { try fixture.graph.search(fixture.prepared($0), count: 10, effort: 1) }
        #expect(little < 1)
    }

    @Test("in two phases find what an exact search over the full rows finds", arguments: VectorMetric.allCases)
    func rescored(metric: VectorMetric) throws {
        for element in [VectorElement.int8, .binary] {
            let fixture = try GraphFixture(count: 1_200, metric: metric, element: element, seed: 12)
            let full = try GraphFixture.rows(of: fixture.vectors, dimensions: 24, metric: metric, element: .float32)
            let rescored = try RescoredGraph(graph: fixture.graph, fullRows: full)
            let recall = try fixture.recall(
                of: 10, { try rescored.search(near: $0, count: 10, effort: 24) }, truth: full)
            // Nothing can find more than is among the candidates that an exact search over the quantised rows keeps.
            let possible = try fixture.recall(
                of: 10, { try ExactScan.nearest(fixture.prepared($0), rows: fixture.rows, count: 24) }, truth: full)
            #expect(recall >= 0.8 * possible, "\(element): \(recall) of \(possible)")
            #expect(element == .binary || recall >= 0.9)
            // The distances are those of the full rows.
            let query = try PreparedQuery(fixture.queries[0], format: full.format)
            let exact = try ExactScan.nearest(query, rows: full, count: 1_200)
            for neighbor in try rescored.search(near: fixture.queries[0], count: 10) {
                #expect(exact.contains(neighbor))
            }
        }
    }

    @Test("find every row by its own vector")
    func everyRow() throws {
        let fixture = try GraphFixture(count: 1_200, seed: 13)
        var missed = 0
        for (row, vector) in fixture.vectors.enumerated() {
            let found = try fixture.graph.search(fixture.prepared(vector), count: 1, effort: 20)
            if found.first?.row != row { missed += 1 }
        }
        #expect(missed <= 2)
    }

    @Test("return as many as there are, however few", arguments: [0, 1, 2, 3, 9, 100])
    func few(count: Int) throws {
        let fixture = try GraphFixture(count: count, queries: 3, seed: 14)
        for query in fixture.queries {
            for wanted in [-1, 0, 1, 2, 10, 100, Int.max] {
                for effort in [Int.min, 0, 1, 5, 1_000, .max] {
                    let found = try fixture.graph.search(fixture.prepared(query), count: wanted, effort: effort)
                    #expect(found.count == max(0, min(wanted, count)))
                    #expect(Set(found.map(\.row)).count == found.count)
                    #expect(found.map(\.distance) == found.map(\.distance).sorted())
                }
            }
        }
    }

    @Test("return more than the effort keeps, if more are wanted")
    func countAboveEffort() throws {
        let fixture = try GraphFixture(count: 1_200, queries: 3, seed: 15)
        for query in fixture.queries {
            #expect(try fixture.graph.search(fixture.prepared(query), count: 50, effort: 3).count == 50)
            let all = try fixture.graph.search(fixture.prepared(query), count: 5_000, effort: 3)
            #expect(all == (try ExactScan.nearest(fixture.prepared(query), rows: fixture.rows, count: 5_000)))
            #expect(all.count == 1_200)
        }
    }

    @Test("refuse a query for other rows")
    func otherFormat() throws {
        let fixture = try GraphFixture(count: 10, seed: 16)
        let other = try PreparedQuery([1], format: RowFormat(dimensions: 1, metric: .euclidean))
        #expect(throws: VectorProblem.self) { try fixture.graph.search(other, count: 1) }
        #expect(throws: VectorProblem.self) { try ExactScan.nearest(other, rows: fixture.rows, count: 1) }
        let rescoredWithOther = GrowingRows(format: other.format).rows
        #expect(throws: VectorProblem.self) { try RescoredGraph(graph: fixture.graph, fullRows: rescoredWithOther) }
    }

    @Test("at once from several threads find what one alone finds")
    func concurrent() async throws {
        let fixture = try GraphFixture(count: 1_200, queries: 40, seed: 17)
        let queries = try fixture.queries.map { try fixture.prepared($0) }
        let alone = try queries.map { try fixture.graph.search($0, count: 10, effort: 20) }
        let aloneFiltered = try queries.map { try fixture.graph.search($0, count: 10, effort: 10) { $0 % 2 == 0 } }
        let graph = fixture.graph
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    queries.indices.allSatisfy { index in
                        let found = try? graph.search(queries[index], count: 10, effort: 20)
                        let filtered = try? graph.search(queries[index], count: 10, effort: 10) { $0 % 2 == 0 }
                        return found == alone[index] && filtered == aloneFiltered[index]
                    }
                }
            }
            for await isEqual in group { #expect(isEqual) }
        }
    }
}
