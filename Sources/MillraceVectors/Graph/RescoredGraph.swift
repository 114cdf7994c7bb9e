/// A graph over quantised rows, and the same rows in full: the graph preselects, the full rows decide the final order.
///
/// The graph's rows are a fraction of the full ones, so that more of them fit into the processor's caches; only those of the
/// preselected rows are read in full.
package final class RescoredGraph: Sendable {
    /// The graph over quantised rows.
    package let graph: NeighborGraph
    /// The rows in full, in the same order.
    package let fullRows: VectorRows

    /// Makes a search in two phases.
    ///
    /// - Parameters:
    ///   - graph: A graph over quantised rows.
    ///   - fullRows: The same rows in a fuller form.
    /// - Throws: `invalidFormat` if the rows differ in number, dimensions or metric.
    package init(graph: NeighborGraph, fullRows: VectorRows) throws(VectorProblem) {
        let (quantised, full) = (graph.rows.format, fullRows.format)
        guard quantised.dimensions == full.dimensions, quantised.metric == full.metric, graph.count == fullRows.count
        else {
            throw VectorProblem(.invalidFormat, "the quantised rows and the full ones are not of the same vectors")
        }
        self.graph = graph
        self.fullRows = fullRows
    }

    /// Returns how many candidates are compared in full for `count` results by default: of `int8` rows half as many again and 5 more, of
    /// `binary` rows all that the search keeps; never more than it keeps.
    package func defaultCandidateCount(count: Int, effort: Int) -> Int {
        let kept = max(count, effort)
        guard graph.rows.format.element != .binary else { return kept }
        let (more, overflow) = count.addingReportingOverflow(max(0, count) / 2 + 5)
        return overflow ? kept : min(kept, more)
    }

    /// Returns the rows nearest to a vector, nearest first, with distances of the full rows.
    ///
    /// - Parameters:
    ///   - vector: The components.
    ///   - count: How many rows to return at most.
    ///   - effort: How many candidates the search in the graph keeps. Default ``NeighborGraph/defaultEffort``.
    ///   - candidateCount: How many of these are compared in full. Default ``defaultCandidateCount(count:effort:)``.
    ///   - mayReturn: Whether a row may be returned. Nil for every row. Default nil.
    ///   - rows: Rows among which all are that pass the filter, if they are known. Default nil.
    /// - Returns: The rows with their distances in the format of the full rows: always `count` if so many may be returned.
    /// - Throws: `wrongDimensions`, `notFinite`, `zeroVector` or `tooLarge`.
    package func search(
        near vector: [Float], count: Int, effort: Int = NeighborGraph.defaultEffort, candidateCount: Int? = nil,
        where mayReturn: ((Int) -> Bool)? = nil, among rows: RowCandidates? = nil
    ) throws(VectorProblem) -> [Neighbor] {
        let query = try PreparedQuery(vector, format: graph.rows.format)
        let fullQuery = try PreparedQuery(vector, format: fullRows.format)
        guard count > 0 else { return [] }
        let candidateCount = max(count, candidateCount ?? defaultCandidateCount(count: count, effort: effort))
        let candidates = try graph.search(query, count: candidateCount, effort: effort, where: mayReturn, among: rows)
        return rescore(candidates, fullQuery: fullQuery, count: count)
    }

    private func rescore(_ candidates: [Neighbor], fullQuery: PreparedQuery, count: Int) -> [Neighbor] {
        let rows = candidates.map { UInt32(truncatingIfNeeded: $0.row) }
        var keys = zip(rows, fullRows.distances(of: rows, to: fullQuery)).map { NodeKey(distance: $1, node: $0) }
        keys.sort()
        return keys.prefix(count).map { Neighbor(row: Int($0.node), distance: $0.distance) }
    }
}

extension VectorRows {
    /// Returns the distances of some rows that must be there, from a query in their format.
    func distances(of rows: [UInt32], to query: PreparedQuery) -> [Float] {
        [Float](unsafeUninitializedCapacity: rows.count) { distances, initialized in
            rows.withUnsafeBufferPointer { rows in
                if let first = rows.baseAddress, let target = distances.baseAddress {
                    withExtendedLifetime((query, owner)) {
                        format.distances(query.pointer, table, first, rows.count, target)
                    }
                }
            }
            initialized = rows.count
        }
    }
}
