import CVectorKernels

/// A hierarchical navigable small world graph (Malkov and Yashunin, arXiv 1603.09320) over rows, complete and read-only.
///
/// A search begins at the top layer, which has few nodes, goes to ever nearer ones, and repeats that on each layer below. On the
/// layer of all nodes it keeps the `effort` nearest nodes that it has met and expands each of them once. Nothing is written, so
/// any number of threads may search at once; each takes its scratch from a pool.
///
/// ``GraphBuilder`` makes graphs. The sections of one can be written to a file and searched there (``init(rows:sections:owner:)``).
// The memory that the pointers lead to does not change while `owner` lives.
package final class NeighborGraph: @unchecked Sendable {
    /// The rows that the nodes stand for; node `i` is row `i`.
    package let rows: VectorRows
    /// The graph as sections, which are valid as long as the graph.
    package let sections: GraphSections

    let graph: UnsafeGraph
    let base: PackedLayer
    let scratches: ScratchPool
    private let owner: AnyObject?

    /// Makes a graph over sections in foreign memory, such as a mapped file, without copying them.
    ///
    /// - Parameters:
    ///   - rows: The rows; as many as nodes.
    ///   - sections: The graph. The bytes must not change while the graph exists.
    ///   - owner: Whoever keeps the memory of the sections; the graph retains it.
    /// - Throws: `damaged` if a section contradicts itself or another one, `invalidFormat` if there are more or fewer rows.
    package convenience init(rows: VectorRows, sections: GraphSections, owner: AnyObject?) throws(VectorProblem) {
        guard rows.count == sections.nodeCount else {
            throw VectorProblem(.invalidFormat, "there are \(rows.count) rows for \(sections.nodeCount) nodes")
        }
        try sections.check()
        self.init(rows: rows, validSections: sections, owner: owner)
    }

    init(rows: VectorRows, validSections sections: GraphSections, owner: AnyObject?) {
        self.rows = rows
        self.sections = sections
        self.owner = owner
        graph = UnsafeGraph(
            table: rows.table, distances: rows.format.distances,
            upper: UpperLayers(
                nodes: Self.numbers(sections.upperNodes), offsets: Self.numbers(sections.upperOffsets),
                lists: Self.numbers(sections.upperLinks), listCapacity: sections.links,
                count: sections.upperNodes.count / 4),
            twins: sections.twins.isEmpty ? nil : Self.numbers(sections.twins))
        base = PackedLayer(
            offsets: Self.numbers(sections.baseOffsets), links: Self.numbers(sections.baseLinks),
            width: PackedLayer.width(nodeCount: sections.nodeCount))
        scratches = ScratchPool(nodeCount: sections.nodeCount, listCapacity: 2 * sections.links)
    }

    private static func numbers(_ section: UnsafeRawBufferPointer) -> UnsafePointer<UInt32> {
        guard let base = section.baseAddress else { return UnsafePointer(nothing.pointer) }
        return base.assumingMemoryBound(to: UInt32.self)
    }

    /// The target of the pointers of empty sections; never read.
    private static let nothing = Nothing()

    // Never read or written.
    private struct Nothing: @unchecked Sendable {
        let pointer = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
    }

    /// The number of nodes.
    package var count: Int { sections.nodeCount }

    /// The memory of links, without the rows, in bytes.
    package var linkSizeInBytes: Int {
        sections.baseOffsets.count + sections.baseLinks.count + sections.upperNodes.count + sections.upperOffsets.count
            + sections.upperLinks.count + sections.twins.count
    }
}
