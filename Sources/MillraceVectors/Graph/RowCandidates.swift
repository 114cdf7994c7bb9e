/// Rows of which a search looks at no others: a list in parts, by which a filter that few rows pass finds them.
// Used by one search; the rows' memory is that of a segment, which the search keeps.
package struct RowCandidates {
    /// Rows that lie together in memory.
    struct Part {
        var rows: UnsafeBufferPointer<UInt32>
        /// A number of the filter's own.
        var tag: Int
    }

    private let parts: [Part]
    private let isRepeated: ((_ row: Int, _ tag: Int) -> Bool)?
    /// The end of each part, counted over all.
    private let ends: [Int]

    /// - Parameter isRepeated: whether the row is in a part with a lower tag, too; `nil` if no row is in two parts.
    init(_ parts: [Part], isRepeated: ((_ row: Int, _ tag: Int) -> Bool)? = nil) {
        self.parts = parts
        self.isRepeated = isRepeated
        var ends: [Int] = []
        for part in parts { ends.append((ends.last ?? 0) + part.rows.count) }
        self.ends = ends
    }

    /// The number of rows, those that are there several times included.
    var count: Int { ends.last ?? 0 }

    /// Returns one of the rows; `nil` if it is repeated.
    func row(_ place: Int) -> Int? {
        let index = ends.partitioningIndex { $0 > place }
        guard index < parts.count else { return nil }
        let part = parts[index]
        let row = Int(part.rows[place - (ends[index] - part.rows.count)])
        return isRepeated?(row, part.tag) == true ? nil : row
    }

    /// Calls a closure for each row, each once.
    @inline(__always)
    func visit(_ body: (Int) -> Void) {
        for part in parts {
            for row in part.rows {
                let row = Int(row)
                if isRepeated?(row, part.tag) != true { body(row) }
            }
        }
    }
}
