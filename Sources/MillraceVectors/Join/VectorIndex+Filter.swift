import Millrace

extension VectorIndex {
    /// Returns a test of the keys of a partition's entries; `nil` if all pass.
    ///
    /// - Throws: `VectorProblem` with code `.invalidFilter`.
    func test(
        of partition: QueryableIndex<Key, Value, IndexSnapshot>.Partition, matching filter: AttributeFilter?,
        where isIncluded: ((Key, Value) throws -> Bool)?
    ) throws -> ((UnsafeRawBufferPointer) throws -> Bool)? {
        if filter == nil, isIncluded == nil { return nil }
        let schema = try format().attributes
        let attributes = try filter.map { filter throws(VectorProblem) in try schema.resolve(filter) }
        return { key in
            guard let entry = try partition.entry(ofKeyBytes: key) else { return false }
            if let attributes {
                let row = try self.attributes(of: entry.value)
                if !attributes.fits({ row[$0] }) { return false }
            }
            return try isIncluded?(entry.key, entry.value) ?? true
        }
    }
}
