import MillraceVectors
import TestSupport
import Testing

@Suite("A graph as sections")
struct GraphSectionTests {
    /// Copies of a graph's sections that can be changed.
    private final class Copies {
        var sections: GraphSections
        private(set) var buffers: [UnsafeMutableRawBufferPointer] = []

        init(of original: GraphSections) {
            sections = original
            sections.baseOffsets = copy(original.baseOffsets)
            sections.baseLinks = copy(original.baseLinks)
            sections.upperNodes = copy(original.upperNodes)
            sections.upperOffsets = copy(original.upperOffsets)
            sections.upperLinks = copy(original.upperLinks)
            sections.twins = copy(original.twins)
        }

        deinit { for buffer in buffers { buffer.deallocate() } }

        private func copy(_ section: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: section.count, alignment: 64)
            buffer.copyMemory(from: section)
            buffers.append(buffer)
            return UnsafeRawBufferPointer(buffer)
        }

        /// The numbers of a section: 0 for the offsets of the links of all nodes, 1 for these links, up to 5 for the twins.
        func numbers(_ section: Int) -> UnsafeMutableBufferPointer<UInt32> {
            buffers[section].bindMemory(to: UInt32.self)
        }
    }

    private func fixture() throws -> GraphFixture { try GraphFixture(count: 700, dimensions: 8, seed: 41) }

    /// A graph that has twins.
    private func twins() throws -> NeighborGraph {
        var source = ClusteredVectors(dimensions: 4, clusters: 4, seed: 42)
        let vectors = source.next(700)
        let rows = try GraphFixture.rows(of: vectors + vectors, dimensions: 4, metric: .euclidean, element: .float32)
        return try GraphBuilder.graph(of: rows, parameters: GraphParameters(links: 6, buildEffort: 32))
    }

    @Test("finds the same where the sections lie elsewhere")
    func copied() throws {
        let fixture = try fixture()
        let copies = Copies(of: fixture.graph.sections)
        let other = try NeighborGraph(rows: fixture.rows, sections: copies.sections, owner: copies)
        for query in fixture.queries {
            let query = try fixture.prepared(query)
            #expect(
                try other.search(query, count: 10, effort: 14) == fixture.graph.search(query, count: 10, effort: 14))
        }
        let withTwins = try twins()
        let twinCopies = Copies(of: withTwins.sections)
        #expect(!twinCopies.sections.twins.isEmpty)
        _ = try NeighborGraph(rows: withTwins.rows, sections: twinCopies.sections, owner: twinCopies)
    }

    @Test("without nodes has sections, too")
    func empty() throws {
        let rows = GrowingRows(format: try RowFormat(dimensions: 2, metric: .cosine)).rows
        let graph = try GraphBuilder.graph(of: rows)
        let copies = Copies(of: graph.sections)
        let other = try NeighborGraph(rows: rows, sections: copies.sections, owner: copies)
        #expect(try other.search(PreparedQuery([1, 1], format: rows.format), count: 5).isEmpty)
    }

    @Test("is the same graph for the same rows, order and seed")
    func deterministic() throws {
        let (one, other) = (try fixture().graph, try fixture().graph)
        #expect(one.sections.baseOffsets.elementsEqual(other.sections.baseOffsets))
        #expect(one.sections.baseLinks.elementsEqual(other.sections.baseLinks))
        #expect(one.sections.upperLinks.elementsEqual(other.sections.upperLinks))
    }

    @Test("with a size, a count or an address that is wrong is refused")
    func sizes() throws {
        let fixture = try fixture()
        let changes: [(String, (inout GraphSections) -> Void)] = [
            ("one row too few", { $0.nodeCount += 1 }), ("no links", { $0.links = 0 }),
            ("negative links", { $0.links = -1 }), ("too many links", { $0.links = 1 << 40 }),
            ("other links", { $0.links += 1 }), ("the entry outside", { $0.entry = .max }),
            ("a short section", { $0.baseLinks = UnsafeRawBufferPointer(rebasing: $0.baseLinks.dropLast(4)) }),
            (
                "a section between cache lines",
                { $0.upperNodes = UnsafeRawBufferPointer(rebasing: $0.upperNodes.dropFirst(4)) }
            ),
            ("no offsets", { $0.upperOffsets = UnsafeRawBufferPointer(start: nil, count: 0) }),
            ("no upper nodes", { $0.upperNodes = UnsafeRawBufferPointer(start: nil, count: 0) }),
            ("half a number", { $0.upperLinks = UnsafeRawBufferPointer(rebasing: $0.upperLinks.dropLast(1)) }),
            ("twins for some", { $0.twins = UnsafeRawBufferPointer(rebasing: $0.baseLinks.prefix(64)) }),
        ]
        for (name, change) in changes {
            let copies = Copies(of: fixture.graph.sections)
            change(&copies.sections)
            #expect(throws: VectorProblem.self, "\(name)") {
                try NeighborGraph(rows: fixture.rows, sections: copies.sections, owner: copies)
            }
        }
    }

    @Test("with a link to nowhere, a list outside the links or a circle of twins is refused")
    func contents() throws {
        let withTwins = try twins()
        let count = UInt32(withTwins.count)
        let changes: [(String, Int, (UnsafeMutableBufferPointer<UInt32>) -> Void)] = [
            ("a first list that begins late", 0, { $0[0] = 1 }),
            ("a list that ends before it begins", 0, { $0[1] = .max }),
            ("a list that is too long", 0, { $0[1...20].update(repeating: 0) }),
            ("more links than there are", 0, { $0[$0.count - 1] += 8 }), ("a link to nowhere", 1, { $0[0] = .max }),
            ("an upper node that is no row", 2, { $0[0] = count }), ("offsets that begin late", 3, { $0[0] = 1 }),
            ("offsets that fall", 3, { $0[1] = 0 }), ("an upper link to nowhere", 4, { $0[0] = UInt32($0.count) }),
            ("a twin that is nobody", 5, { $0[0] = count }),
            ("a twin of itself", 5, { $0[1] = 1 }),
            ("a circle of twins", 5, { $0[Int($0[0])] = 0 }),
        ]
        for (name, section, change) in changes {
            let copies = Copies(of: withTwins.sections)
            change(copies.numbers(section))
            #expect(throws: VectorProblem.self, "\(name)") {
                try NeighborGraph(rows: withTwins.rows, sections: copies.sections, owner: copies)
            }
        }
    }

    @Test("in which bits have flipped is refused, or is searched without reading outside")
    func flips() throws {
        let graph = try twins()
        let query = try PreparedQuery([1, 0, -1, 2], format: graph.rows.format)
        var random = SeededNumbers(seed: 43)
        var accepted = 0
        for _ in 0..<300 {
            let copies = Copies(of: graph.sections)
            let numbers = copies.numbers(random.below(6))
            for _ in 0...random.below(3) { numbers[random.below(numbers.count)] ^= 1 << UInt32(random.below(32)) }
            guard let other = try? NeighborGraph(rows: graph.rows, sections: copies.sections, owner: copies) else {
                continue
            }
            accepted += 1
            #expect(try other.search(query, count: 10, effort: 10).count == 10)
            #expect(try other.search(query, count: 10, effort: 10) { $0 % 2 == 0 }.count == 10)
        }
        #expect(accepted < 300)
    }

    @Test("is built in any order, each row once")
    func order() throws {
        let fixture = try fixture()
        let builder = try GraphBuilder(rows: fixture.rows, parameters: GraphParameters(links: 8, buildEffort: 48))
        for row in stride(from: 698, to: 0, by: -2) { try builder.insert(row) }
        for row in [-1, 700, 698, Int.max] { #expect(throws: VectorProblem.self) { try builder.insert(row) } }
        #expect(builder.insertedCount == 349)
        let graph = try builder.finish()
        #expect(builder.insertedCount == 700)
        let recall = try fixture.recall(of: 10) { try graph.search(fixture.prepared($0), count: 10, effort: 14) }
        #expect(recall > 0.8)
    }

    @Test("is not built with impossible parameters")
    func parameters() throws {
        let rows = try fixture().rows
        for (links, effort) in [(0, 10), (1, 10), (128, 10), (-1, 10), (16, 0), (16, -5), (Int.max, 1)] {
            #expect(throws: VectorProblem.self) {
                try GraphBuilder(rows: rows, parameters: GraphParameters(links: links, buildEffort: effort))
            }
        }
        let huge = try GraphBuilder.graph(of: rows, parameters: GraphParameters(links: 2, buildEffort: .max))
        #expect(huge.count == 700)
    }
}
