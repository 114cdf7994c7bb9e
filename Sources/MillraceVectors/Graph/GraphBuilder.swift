import CVectorKernels

/// Builds a ``NeighborGraph`` over rows that are all there, one after the other, on one thread.
///
/// The caller may pause between any two, or give up. Equal rows and an equal order make an equal graph: heights come from a
/// seed. Of equal rows only the first is linked, and the others are chained to it: so no group of equal rows can link only to
/// each other.
package final class GraphBuilder {
    /// The rows of the graph.
    package let rows: VectorRows
    /// The rows whose distances decide on the links: those of the graph, or codes of them.
    let compared: VectorRows
    package let parameters: GraphParameters
    /// The number of rows that have been inserted.
    package private(set) var insertedCount = 0

    let storage: GraphStorage
    let notes: BaseLinkNotes
    var graph: UnsafeGraph
    let scratch: SearchScratch
    var selection: NeighborSelection
    /// The candidates for a list that is full, and one more.
    let candidates: UnsafeMutablePointer<NodeKey>
    private let query: PreparedQuery
    private var twinTable: TwinTable
    private var isInserted: [Bool]
    private var random: HeightGenerator
    private var entry = noNode
    /// The height of the entry.
    private var top = 0

    /// Makes a builder.
    ///
    /// - Parameters:
    ///   - rows: All rows of the graph.
    ///   - codes: The same rows in a smaller form, whose distances decide on the links; `nil` to compare the rows. Default nil.
    ///   - parameters: How to build; by default 16 links and an effort of 200.
    /// - Throws: `invalidFormat` if a parameter is out of range or there are fewer codes than rows, `outOfMemory`.
    package init(
        rows: VectorRows, codes: VectorRows? = nil, parameters: GraphParameters = GraphParameters()
    ) throws(VectorProblem) {
        guard GraphParameters.possibleLinks.contains(parameters.links) else {
            throw VectorProblem(.invalidFormat, "a node has from 2 to 127 links, not \(parameters.links)")
        }
        guard parameters.buildEffort > 0 else {
            throw VectorProblem(.invalidFormat, "the effort of building is at least 1, not \(parameters.buildEffort)")
        }
        let compared = codes ?? rows
        guard compared.count >= rows.count else {
            throw VectorProblem(.invalidFormat, "there are \(compared.count) codes for \(rows.count) rows")
        }
        (self.rows, self.compared) = (rows, compared)
        self.parameters = parameters
        storage = try GraphStorage(nodeCount: rows.count, links: parameters.links)
        notes = try BaseLinkNotes(nodeCount: rows.count, listCapacity: 2 * parameters.links)
        graph = UnsafeGraph(
            table: compared.table, distances: compared.format.distances, upper: storage.upper, twins: nil)
        scratch = SearchScratch(nodeCount: rows.count, listCapacity: 2 * parameters.links)
        selection = NeighborSelection(format: compared.format, capacity: 2 * parameters.links)
        candidates = .allocate(capacity: 2 * parameters.links + 1)
        query = PreparedQuery(unfilledFor: compared.format)
        twinTable = TwinTable(rows: rows)
        isInserted = [Bool](repeating: false, count: rows.count)
        random = HeightGenerator(seed: parameters.seed, links: parameters.links)
    }

    deinit {
        selection.deallocate()
        candidates.deallocate()
    }

    /// Builds the graph of all rows in their order.
    ///
    /// - Parameters:
    ///   - rows: The rows.
    ///   - parameters: How to build.
    /// - Returns: The graph.
    /// - Throws: `invalidFormat` if a parameter is out of range, `outOfMemory`.
    package static func graph(
        of rows: VectorRows, parameters: GraphParameters = GraphParameters()
    ) throws(VectorProblem) -> NeighborGraph {
        try GraphBuilder(rows: rows, parameters: parameters).finish()
    }

    /// Inserts one row.
    ///
    /// - Parameter row: The number of a row that was not inserted before.
    /// - Throws: `invalidRow` if there is no such row or it was inserted before, `outOfMemory`.
    package func insert(_ row: Int) throws(VectorProblem) {
        guard isInserted.indices.contains(row), !isInserted[row] else {
            throw VectorProblem(.invalidRow, "row \(row) is not there, or was inserted before")
        }
        let node = UInt32(row)
        if let twin = twinTable.firstEqual(to: node) {
            try storage.chain(node, to: twin)
        } else {
            try link(node, height: random.next())
        }
        isInserted[row] = true
        insertedCount += 1
    }

    /// Inserts the rows that are still missing, in their order, and returns the graph. The builder is used up.
    ///
    /// - Throws: `outOfMemory`.
    package func finish() throws(VectorProblem) -> NeighborGraph {
        for row in isInserted.indices where !isInserted[row] { try insert(row) }
        return NeighborGraph(rows: rows, validSections: try storage.sections(entry: entry), owner: storage)
    }

    // MARK: Linking

    private func link(_ node: UInt32, height: Int) throws(VectorProblem) {
        let upperNode = height > 0 ? try storage.addUpperNode(row: node, height: height) : noNode
        graph.upper = storage.upper
        let isFirst = entry == noNode
        if !isFirst {
            let pointer = query.pointer(toRow: compared.unsafeRow(Int(node)))
            connect(node, upperNode: upperNode, height: height, query: pointer)
        }
        if isFirst || height > top {
            entry = height > 0 ? upperNode : node
            top = height
        }
    }

    /// Searches the neighbours of a new node on each of its layers, from the top, and links both ways.
    private func connect(_ node: UInt32, upperNode: UInt32, height: Int, query: UnsafeRawPointer) {
        var nearest: NodeKey
        if top == 0 {
            nearest = NodeKey(distance: graph.distance(query, row: entry), node: entry)
        } else {
            let found = graph.descend(from: entry, top: top, bottom: height + 1, query: query, scratch: scratch)
            nearest = NodeKey(distance: found.distance, node: found.id)
            var level = min(height, top)
            while level > 0 {
                let layer = graph.upper.layer(level)
                let pool = walk(layer, from: nearest, query: query)
                nearest = pool.keys[0].unmarked
                choose(from: pool, limit: parameters.links, in: layer)
                setList(of: upperNode, level: level)
                linkBack(selection.chosen, to: upperNode, level: level)
                level -= 1
            }
            nearest = NodeKey(distance: nearest.distance, node: graph.upper.nodes[Int(nearest.node)])
        }
        let pool = walk(storage.base, from: nearest, query: query)
        choose(from: pool, limit: parameters.links, in: storage.base)
        setBaseList(of: node)
        linkBack(selection.chosen, to: node)
    }

    private func walk<Layer: GraphLayer>(_ layer: Layer, from first: NodeKey, query: UnsafeRawPointer) -> NeighborPool {
        scratch.beginRound()
        scratch.visited[Int(first.node)] = scratch.round
        var pool = scratch.pool(capacity: min(parameters.buildEffort, max(1, rows.count)))
        _ = pool.insert(first)
        graph.walk(layer, query: query, pool: &pool, scratch: scratch)
        return pool
    }

    private func choose<Layer: GraphLayer>(from pool: NeighborPool, limit: Int, in layer: Layer) {
        // The walk has marked all that it expanded; here a mark has another meaning.
        for index in 0..<pool.count { pool.keys[index] = pool.keys[index].unmarked }
        let candidates = UnsafeBufferPointer(start: pool.keys, count: pool.count)
        selection.choose(from: candidates, limit: limit, in: layer, graph: graph, rows: compared)
    }
}

/// The heights of new nodes: each layer has one of `links` nodes of the one below it.
private struct HeightGenerator {
    private var state: UInt64
    private let bound: UInt64

    private static let largestHeight = 24

    init(seed: UInt64, links: Int) {
        state = seed
        bound = .max / UInt64(links)
    }

    mutating func next() -> Int {
        var height = 0
        while height < Self.largestHeight, nextNumber() < bound { height += 1 }
        return height
    }

    /// SplitMix64.
    private mutating func nextNumber() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
