extension RowFormat {
    /// The format of codes with which rows of this format are compared in about a third of the time; `nil` if codes are more than half as
    /// large as the rows, as those of halves are.
    var codes: RowFormat? {
        let codes = with(element: .int8)
        return codes.strideInBytes * 2 <= strideInBytes ? codes : nil
    }
}

/// A scan of rows that reads codes of them, and only the nearest of these in full.
enum CodedScan {
    /// Returns the rows nearest to a query, as ``ExactScan/nearestWithTies(_:rows:count:where:among:)`` does.
    ///
    /// - Parameters:
    ///   - query: the vector, prepared for the format of the rows.
    ///   - codedQuery: the same, prepared for the format of the codes.
    ///   - rows: the rows.
    ///   - codes: codes of at least these rows.
    ///   - count: how many rows to return, if there are as many.
    ///   - mayReturn: whether a row may be returned; `nil` for every row.
    /// - Returns: `nil` if the codes are too coarse to tell which rows are the nearest.
    /// - Throws: `invalidFormat` if a query was prepared for rows of another format.
    static func nearestWithTies(
        _ query: PreparedQuery, _ codedQuery: PreparedQuery, rows: VectorRows, codes: VectorRows, count: Int,
        where mayReturn: ((Int) -> Bool)?
    ) throws(VectorProblem) -> [Neighbor]? {
        guard (1...largestCount).contains(count), codes.count >= rows.count else { return nil }
        let wanted = 4 * count + 16
        if rows.count <= 4 * wanted { return nil }
        let candidates = try ExactScan.nearest(
            codedQuery, rows: codes.prefix(rows.count), count: wanted, where: mayReturn)
        let numbers = candidates.map { UInt32(truncatingIfNeeded: $0.row) }
        let distances = rows.distances(of: numbers, to: query)
        let found = zip(numbers, distances).map { NodeKey(distance: $1, node: $0) }.sorted()
        guard let last = candidates.last, found.count == wanted else { return neighbors(found, count: count) }
        // The others are at least as far as the last one by codes, and these are not more wrong than twice as much as here.
        let error = zip(candidates, distances).reduce(0) { max($0, abs($1.0.distance - $1.1)) }
        guard last.distance.isFinite, found[count - 1].distance + 2 * error < last.distance else { return nil }
        return neighbors(found, count: count)
    }

    private static let largestCount = 256

    private static func neighbors(_ keys: [NodeKey], count: Int) -> [Neighbor] {
        let bound = keys.count > count ? keys[count - 1].distance : .infinity
        return keys.prefix { $0.distance <= bound }.map { Neighbor(row: Int($0.node), distance: $0.distance) }
    }
}
