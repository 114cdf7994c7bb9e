import Millrace

extension VectorIndex {
    /// The number of entries whose vectors are compared at once.
    private static var scanCount: Int { 1_024 }

    /// Finds the nearest entries of a store's partition by comparing all of them.
    func scan(
        _ partition: QueryableIndex<Key, Value, IndexSnapshot>.Partition, near vector: [Float], count: Int,
        matching filter: ResolvedFilter?, where isIncluded: ((Key, Value) throws -> Bool)?
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
            guard let entry = try partition.entry(ofKeyBytes: key),
                let indexed = try? indexed(entry.value, fitting: filter),
                try isIncluded?(entry.key, entry.value) ?? true, (try? rows.append(indexed)) != nil
            else { return true }
            keys.append(Array(key))
            if keys.count == Self.scanCount { try compare() }
            return true
        }
        try compare()
        return nearest
    }

    /// Returns the vector of a value that fits a filter; `nil` if it does not fit.
    private func indexed(_ value: Value, fitting filter: ResolvedFilter?) throws -> [Float]? {
        let attributes = try attributes(of: value)
        return filter?.fits { attributes[$0] } ?? true ? try vector(of: value) : nil
    }
}
