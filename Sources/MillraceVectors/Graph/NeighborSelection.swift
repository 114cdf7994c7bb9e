import CVectorKernels

/// Chooses which of the candidates for a node's list become its neighbours: of those in one direction, the nearest.
///
/// A candidate is dropped if it is nearer to a neighbour that was chosen before it than to the node: the search gets to it
/// from there. (Algorithm 4 of the paper, without filling up with what was dropped.)
struct NeighborSelection {
    /// What was chosen, nearest first.
    private(set) var chosen: [NodeKey] = []
    /// The rows of all that were chosen, and of those among them that were not chosen for this list before.
    private let chosenRows: UnsafeMutablePointer<UInt32>
    private let newRows: UnsafeMutablePointer<UInt32>
    private let distances: UnsafeMutablePointer<Float>
    let query: PreparedQuery

    /// How many distances are computed before looking whether one of them decides.
    private static let step = 4

    init(format: RowFormat, capacity: Int) {
        chosenRows = .allocate(capacity: capacity)
        newRows = .allocate(capacity: capacity)
        distances = .allocate(capacity: Self.step)
        query = PreparedQuery(unfilledFor: format)
        chosen.reserveCapacity(capacity)
    }

    func deallocate() {
        chosenRows.deallocate()
        newRows.deallocate()
        distances.deallocate()
    }

    /// Chooses at most `limit` of the candidates.
    ///
    /// - Parameters:
    ///   - candidates: The ids in the layer with their distances from the node, sorted. A mark says that the candidate was chosen
    ///     for the same node before: such candidates need not be compared with each other again.
    ///   - limit: The length of the list.
    ///   - layer: The layer.
    ///   - graph: The graph.
    ///   - rows: The rows.
    mutating func choose<Layer: GraphLayer>(
        from candidates: UnsafeBufferPointer<NodeKey>, limit: Int, in layer: Layer, graph: UnsafeGraph, rows: VectorRows
    ) {
        chosen.removeAll(keepingCapacity: true)
        var newCount = 0
        for candidate in candidates {
            if chosen.count == limit { break }
            let row = layer.row(of: candidate.node)
            let others = candidate.isMarked ? newRows : chosenRows
            let count = candidate.isMarked ? newCount : chosen.count
            if count > 0, isNearer(row, than: candidate.distance, to: others, count: count, graph: graph, rows: rows) {
                continue
            }
            chosenRows[chosen.count] = row
            chosen.append(candidate)
            if !candidate.isMarked {
                newRows[newCount] = row
                newCount += 1
            }
        }
    }

    /// Whether one of the rows is nearer to the row than a distance.
    private func isNearer(
        _ row: UInt32, than distance: Float, to others: UnsafeMutablePointer<UInt32>, count: Int, graph: UnsafeGraph,
        rows: VectorRows
    ) -> Bool {
        let pointer = query.pointer(toRow: rows.unsafeRow(Int(row)))
        var first = 0
        while first < count {
            let step = min(Self.step, count - first)
            graph.distances(pointer, graph.table, others + first, step, distances)
            for index in 0..<step where distances[index] < distance { return true }
            first += step
        }
        return false
    }
}
