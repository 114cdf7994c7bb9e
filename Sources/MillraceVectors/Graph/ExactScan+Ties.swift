extension ExactScan {
    /// Returns the rows nearest to a query and, beyond the count, all that are as near as the last of these, nearest first. Which of equally
    /// near rows count is then the caller's matter, and does not depend on their numbers.
    ///
    /// - Parameters:
    ///   - query: the vector, prepared for the format of the rows.
    ///   - rows: the rows.
    ///   - count: how many rows to return, if there are as many.
    ///   - mayReturn: whether a row may be returned; asked once about each row, in their order. `nil` for every row.
    ///   - candidates: rows among which all are that may be returned, if they are known; `nil` by default.
    /// - Throws: `invalidFormat` if the query was prepared for rows of another format.
    static func nearestWithTies(
        _ query: PreparedQuery, rows: VectorRows, count: Int, where mayReturn: ((Int) -> Bool)? = nil,
        among candidates: RowCandidates? = nil
    ) throws(VectorProblem) -> [Neighbor] {
        guard query.format.hasSameRows(as: rows.format) else {
            throw VectorProblem(.invalidFormat, "the query was prepared for rows of another format")
        }
        let count = min(count, rows.count)
        if count <= 0 { return [] }
        let scratch = SearchScratch(nodeCount: 0, listCapacity: 0)
        return withExtendedLifetime((query, rows.owner)) {
            var pool = scratch.pool(capacity: count)
            var ties: [NodeKey] = []
            visit(query, rows: rows, scratch: scratch, mayReturn: mayReturn, among: candidates) { key in
                guard pool.count == count else {
                    _ = pool.insert(key)
                    return
                }
                let last = pool.keys[count - 1]
                if !pool.takes(key) {
                    if key.distance == last.distance { ties.append(key) }
                    return
                }
                _ = pool.insert(key)
                if last.distance == pool.keys[count - 1].distance {
                    ties.append(last)
                } else {
                    ties.removeAll(keepingCapacity: true)
                }
            }
            return ((0..<pool.count).map { pool.keys[$0] } + ties)
                .map { Neighbor(row: Int($0.node), distance: $0.distance) }
        }
    }
}
