/// The way in which all typed handles read stores: they look up a key in one partition after the other, and read everything
/// else from all local partitions.
@usableFromInline
struct QueriedPartitions<Key, Value>: Sendable {
    @usableFromInline let store: any QueriedStore
    @usableFromInline let keySerde: Serde<Key>
    @usableFromInline let valueSerde: Serde<Value>

    init(_ store: any QueriedStore, key: Serde<Key>, value: Serde<Value>) {
        self.store = store
        keySerde = key
        valueSerde = value
    }

    /// Returns the answer of the first partition that has one for a key.
    ///
    /// - Parameter body: gets a partition and the key's bytes, and returns the partition's answer, or `nil`.
    @inlinable
    func first<Answer>(
        for key: Key, _ body: (_ partition: any StoreReader, _ keyBytes: UnsafeRawBufferPointer) throws -> Answer?
    ) throws -> Answer? {
        var found: Answer?
        try keySerde.withKeyBytes(key) { keyBytes, partitioning in
            try store.search(partitioning) { partition in
                found = try body(partition, keyBytes)
                return found != nil
            }
        }
        return found
    }

    /// Returns the entries of a key in the first partition that has any.
    func entries<Entry>(
        of key: Key, _ body: (_ partition: any StoreReader, _ keyBytes: UnsafeRawBufferPointer) throws -> [Entry]
    ) throws -> [Entry] {
        try first(for: key) { partition, keyBytes in
            let found = try body(partition, keyBytes)
            return found.isEmpty ? nil : found
        } ?? []
    }

    /// Returns up to a number of entries, from one partition after the other.
    ///
    /// - Parameter body: hands the entries of a partition to `take` until that returns `false`.
    func entries<Entry>(
        limit: Int, _ body: (_ partition: any StoreReader, _ take: (Entry) -> Bool) throws -> Void
    ) throws -> [Entry] {
        var found: [Entry] = []
        for partition in try store.readers() where found.count < limit {
            try body(partition) { entry in
                found.append(entry)
                return found.count < limit
            }
        }
        return found
    }
}
