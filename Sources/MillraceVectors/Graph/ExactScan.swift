import CVectorKernels

/// The exact search: the distances of all rows.
package enum ExactScan {
    /// Returns the rows nearest to a query, nearest first; of equally near ones, those with lower numbers.
    ///
    /// - Parameters:
    ///   - query: The vector, prepared for the format of the rows.
    ///   - rows: The rows.
    ///   - count: How many rows to return at most.
    ///   - mayReturn: Whether a row may be returned; asked once about each row, in their order. Nil for every row. Default nil.
    ///   - candidates: Rows among which all are that may be returned, if they are known. Default nil.
    /// - Returns: The rows with their distances.
    /// - Throws: `invalidFormat` if the query was prepared for rows of another format.
    package static func nearest(
        _ query: PreparedQuery, rows: VectorRows, count: Int, where mayReturn: ((Int) -> Bool)? = nil,
        among candidates: RowCandidates? = nil
    ) throws(VectorProblem) -> [Neighbor] {
        guard query.format.hasSameRows(as: rows.format) else {
            throw VectorProblem(.invalidFormat, "the query was prepared for rows of another format")
        }
        let scratch = SearchScratch(nodeCount: 0, listCapacity: 0)
        return withExtendedLifetime((query, rows.owner)) {
            nearest(
                query, rows: rows, count: min(count, rows.count), scratch: scratch, mayReturn: mayReturn,
                among: candidates)
        }
    }

    static func nearest(
        _ query: PreparedQuery, rows: VectorRows, count: Int, scratch: SearchScratch, mayReturn: ((Int) -> Bool)?,
        among candidates: RowCandidates? = nil
    ) -> [Neighbor] {
        guard count > 0 else { return [] }
        guard count <= largestPool else {
            var keys: [NodeKey] = []
            visit(query, rows: rows, scratch: scratch, mayReturn: mayReturn, among: candidates) { keys.append($0) }
            keys.sort()
            return keys.prefix(count).map { Neighbor(row: Int($0.node), distance: $0.distance) }
        }
        var pool = scratch.pool(capacity: count)
        visit(query, rows: rows, scratch: scratch, mayReturn: mayReturn, among: candidates) { key in
            if pool.takes(key) { _ = pool.insert(key) }
        }
        return (0..<pool.count).map { Neighbor(row: Int(pool.keys[$0].node), distance: pool.keys[$0].distance) }
    }

    /// From how many results on sorting all is cheaper than inserting each.
    private static let largestPool = 2_048

    /// Calls a closure with the distance of each row that may be returned.
    @inline(__always)
    static func visit(
        _ query: PreparedQuery, rows: VectorRows, scratch: SearchScratch, mayReturn: ((Int) -> Bool)?,
        among candidates: RowCandidates? = nil, _ body: (NodeKey) -> Void
    ) {
        let distances = rows.format.distances
        var found = 0
        func compare() {
            distances(query.pointer, rows.table, scratch.ids, found, scratch.distances)
            for index in 0..<found {
                body(NodeKey(distance: scratch.distances[index], node: scratch.ids[index]))
            }
            found = 0
        }
        if let candidates {
            candidates.visit { row in
                guard row < rows.count, mayReturn?(row) ?? true else { return }
                scratch.ids[found] = UInt32(truncatingIfNeeded: row)
                found += 1
                if found == SearchScratch.scanCount { compare() }
            }
            return compare()
        }
        var next = 0
        while next < rows.count {
            while next < rows.count, found < SearchScratch.scanCount {
                scratch.ids[found] = UInt32(truncatingIfNeeded: next)
                if mayReturn?(next) ?? true { found += 1 }
                next += 1
            }
            compare()
        }
    }
}
