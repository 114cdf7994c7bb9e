/// The codes of rows with which a graph is built faster.
enum BuildCodes {
    /// Makes `int8` codes of the rows of a graph. Their distances take a half or a third of the time, and choose the same links as well, if
    /// they tell near rows from far ones.
    ///
    /// - Returns: `nil` if codes would not be much smaller, or do not tell which rows are near, as where many rows differ by less than
    ///   the codes do.
    static func codes(of rows: VectorRows) -> VectorRows? {
        guard let format = rows.format.codes, rows.count >= smallestCount else { return nil }
        let codes = GrowingRows(format: format, expectedCount: rows.count)
        do {
            for row in 0..<rows.count { try codes.append(rows.vector(row)) }
            return try tell(codes.rows, of: rows) ? codes.rows : nil
        } catch { return nil }
    }

    /// From how many rows on codes are worth making.
    private static let smallestCount = 256
    private static let sampleCount = 16

    /// Whether nearly all of the nearest of some rows are among the nearest by codes, too. The comparison takes about a hundredth of the time
    /// of building.
    private static func tell(_ codes: VectorRows, of rows: VectorRows) throws(VectorProblem) -> Bool {
        var found = 0
        for sample in 0..<sampleCount {
            let vector = try rows.vector(sample * rows.count / sampleCount)
            let nearest = try ExactScan.nearest(PreparedQuery(vector, format: rows.format), rows: rows, count: 10)
            let coded = try ExactScan.nearest(PreparedQuery(vector, format: codes.format), rows: codes, count: 20)
            let codedRows = Set(coded.map(\.row))
            found += nearest.count { codedRows.contains($0.row) }
        }
        return found * 100 >= sampleCount * 10 * 95
    }
}
