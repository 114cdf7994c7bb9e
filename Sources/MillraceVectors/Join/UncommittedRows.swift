/// The vectors of the entries that a task has changed since its last commit, to be compared one by one. They are not in the index's
/// view yet.
///
/// It belongs to the task's thread.
final class UncommittedRows {
    private let format: RowFormat
    private var rows: GrowingRows
    /// The keys by row; `nil` for a row whose key has changed again.
    private var keys: [[UInt8]?] = []
    private var rowsByKey: [[UInt8]: Int] = [:]

    /// The number of rows from which on it is worthwhile to remove the dead ones.
    private static let compactedCount = 1_024

    init(format: RowFormat) {
        self.format = format
        rows = Self.makeRows(format)
    }

    /// There are few rows between two commits.
    private static func makeRows(_ format: RowFormat) -> GrowingRows { GrowingRows(format: format, expectedCount: 256) }

    /// The number of living rows.
    var count: Int { rowsByKey.count }

    /// Sets the vector of a key, or with `nil` removes it.
    ///
    /// - Throws: `VectorProblem` if the vector cannot be compared, or with code `.outOfMemory`; the key then has no vector.
    func set(_ key: [UInt8], to vector: [Float]?) throws(VectorProblem) {
        if let row = rowsByKey.removeValue(forKey: key) { keys[row] = nil }
        guard let vector else { return }
        if rows.count >= Self.compactedCount, rows.count > 2 * count { try compact() }
        let row = try rows.append(vector)
        keys.append(key)
        rowsByKey[key] = row
    }

    /// Forgets all rows.
    func removeAll() {
        if rows.count > 0 { rows = Self.makeRows(format) }
        keys.removeAll(keepingCapacity: true)
        rowsByKey.removeAll(keepingCapacity: true)
    }

    private func compact() throws(VectorProblem) {
        let (compacted, old) = (Self.makeRows(format), rows.rows)
        var living: [[UInt8]?] = []
        for (row, key) in keys.enumerated() {
            guard let key else { continue }
            var problem: VectorProblem?
            try old.withRow(row) { bytes in
                do throws(VectorProblem) { try compacted.append(row: bytes) } catch { problem = error }
            }
            if let problem { throw problem }
            rowsByKey[key] = living.count
            living.append(key)
        }
        (rows, keys) = (compacted, living)
    }

    /// Returns the entries nearest to a vector, nearest first; of equally near ones those with lower keys.
    ///
    /// - Parameter mayReturn: whether the entry of a key may be returned; `nil` for every entry.
    /// - Throws: `VectorProblem` if the vector cannot be compared; what `mayReturn` throws.
    func search(
        near vector: [Float], count: Int, where mayReturn: ((UnsafeRawBufferPointer) throws -> Bool)?
    ) throws -> [IndexSnapshot.Hit] {
        if rowsByKey.isEmpty || count <= 0 { return [] }
        var failure: (any Error)?
        let found = try ExactScan.nearestWithTies(
            PreparedQuery(vector, format: format), rows: rows.rows, count: count
        ) { [keys] row in
            guard failure == nil, let key = keys[row] else { return false }
            guard let mayReturn else { return true }
            do { return try key.withUnsafeBytes(mayReturn) } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
        let hits = found.compactMap { neighbor in
            keys[neighbor.row].map { IndexSnapshot.Hit(key: $0, distance: neighbor.distance) }
        }
        return Array(hits.sorted { $0.isNearer(than: $1) }.prefix(count))
    }
}
