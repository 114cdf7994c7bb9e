import MillraceVectors
import TestSupport
import Testing

@Suite("Searches with a filter")
struct FilterTests {
    /// The rows that pass, a share of all in per mille, spread by a hash.
    private static func passes(_ row: Int, perMille: Int) -> Bool {
        var random = SeededNumbers(seed: UInt64(row))
        return random.below(1_000) < perMille
    }

    @Test("return the wanted number, all of them passing, whatever the selectivity", arguments: [500, 50, 10, 1, 0])
    func complete(perMille: Int) throws {
        let fixture = try GraphFixture(count: 2_000, dimensions: 12, seed: 21)
        let passing = Set((0..<2_000).filter { Self.passes($0, perMille: perMille) })
        #expect(perMille == 0 || !passing.isEmpty)
        var hits = 0
        for query in fixture.queries {
            let query = try fixture.prepared(query)
            let found = try fixture.graph.search(query, count: 10, effort: 40) { passing.contains($0) }
            #expect(found.count == min(10, passing.count))
            #expect(passing.isSuperset(of: found.map(\.row)))
            let exact = try ExactScan.nearest(query, rows: fixture.rows, count: 10) { passing.contains($0) }
            hits += Set(found).intersection(exact).count
        }
        // Few matches are searched exactly.
        let wanted = min(10, passing.count) * fixture.queries.count
        #expect(Double(hits) >= (perMille < 20 ? 1 : 0.95) * Double(wanted))
    }

    @Test("walk over the graph when many pass: most rows are never asked about")
    func walks() throws {
        let fixture = try GraphFixture(count: 2_000, dimensions: 12, seed: 22)
        for query in fixture.queries {
            var asked = 0
            let found = try fixture.graph.search(fixture.prepared(query), count: 10, effort: 10) { row in
                asked += 1
                return row % 2 == 0
            }
            #expect(found.count == 10)
            #expect(asked < 1_000)
        }
    }

    @Test("are complete where the passing rows are all far away")
    func farAway() throws {
        let fixture = try GraphFixture(count: 2_000, dimensions: 12, seed: 23)
        for query in fixture.queries {
            let query = try fixture.prepared(query)
            let all = try ExactScan.nearest(query, rows: fixture.rows, count: 2_000)
            // Half of the rows pass, and none of them is near: a walk would go over everything else first, and is given up.
            let far = Set(all.suffix(1_000).map(\.row))
            let found = try fixture.graph.search(query, count: 10, effort: 10) { far.contains($0) }
            #expect(found == Array(all[1_000..<1_010]))
        }
    }

    @Test("with rescoring are complete, too", arguments: [VectorElement.int8, .binary])
    func rescored(element: VectorElement) throws {
        let fixture = try GraphFixture(count: 1_000, dimensions: 12, metric: .cosine, element: element, seed: 24)
        let full = try GraphFixture.rows(of: fixture.vectors, dimensions: 12, metric: .cosine, element: .float32)
        let rescored = try RescoredGraph(graph: fixture.graph, fullRows: full)
        for perMille in [500, 50, 5] {
            let passing = Set((0..<1_000).filter { Self.passes($0, perMille: perMille) })
            for query in fixture.queries {
                let found = try rescored.search(near: query, count: 10, effort: 40) { passing.contains($0) }
                #expect(found.count == min(10, passing.count))
                #expect(passing.isSuperset(of: found.map(\.row)))
            }
        }
    }
}
