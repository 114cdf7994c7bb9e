import Millrace

extension VectorIndex {
    /// The number of entries whose vectors are compared at once.
    private static var scanCount: Int { 1_024 }

    /// Finds the nearest entries of a store's partition by comparing all of them.
    func scan(
        _ partition: QueryableIndex<Key, Value, IndexSnapshot>.Partition, near vector: [Float], count: Int,
        where mayReturn: ((UnsafeRawBufferPointer) throws -> Bool)?
    ) throws -> [IndexSnapshot.Hit] {
        let format = try format().exact
        let query = try PreparedQuery(vector, format: format)
        var nearest: [IndexSnapshot.Hit] = []
        var (rows, keys) = (GrowingRows(format: format, expectedCount: Self.scanCount), [[UInt8]]())
        func compare() throws {
            let found = try ExactScan.nearest(query, rows: rows.rows, count: count)
            nearest += found.map { IndexSnapshot.Hit(key: keys[$0.row], distance: $0.distance) }
            nearest.sort { $0.isNearer(than: $1) }
            nearest.removeLast(max(0, nearest.count - count))
            (rows, keys) = (GrowingRows(format: format, expectedCount: Self.scanCount), [])
        }
        try partition.scan { key, bytes in
            if let mayReturn, try !mayReturn(key) { return true }
            guard let value = try partition.entry(ofKeyBytes: key)?.value, let vector = try? self.vector(of: value),
                (try? rows.append(vector)) != nil
            else { return true }
            keys.append(Array(key))
            if keys.count == Self.scanCount { try compare() }
            return true
        }
        try compare()
        return nearest
    }
}
