import CRocksDB

/// Writes that are applied together. Later ones win over earlier ones on the same key.
///
/// Keys and values are copied into the batch. It may be kept and cleared, which keeps its memory, for the next use.
// One owner, by its type; RocksDB's batches belong to no thread and reading one from several is allowed.
package struct WriteBatch: ~Copyable, @unchecked Sendable {
    let pointer: OpaquePointer

    /// An empty batch.
    package init() { pointer = rocksdb_writebatch_create() }

    deinit { rocksdb_writebatch_destroy(pointer) }

    /// The number of its writes; a range deletion is one.
    package var count: Int { Int(rocksdb_writebatch_count(pointer)) }

    /// The size of its encoding, headers included: an empty batch has 12 bytes.
    package var sizeInBytes: Int {
        var size = 0
        _ = rocksdb_writebatch_data(pointer, &size)
        return size
    }

    /// Sets the value of a key. Both must be shorter than 4 GiB.
    package mutating func put(_ value: UnsafeRawBufferPointer, forKey key: UnsafeRawBufferPointer) {
        precondition(max(key.count, value.count) <= UInt32.max, "RocksDB stores lengths in 32 bits")
        rocksdb_writebatch_put(pointer, key.chars, key.count, value.chars, value.count)
    }

    /// Removes a key, which need not be there.
    package mutating func delete(_ key: UnsafeRawBufferPointer) {
        precondition(key.count <= UInt32.max, "RocksDB stores lengths in 32 bits")
        rocksdb_writebatch_delete(pointer, key.chars, key.count)
    }

    /// Removes the keys from `lowerBound` up to but not including `upperBound`; none if that is not a range.
    ///
    /// A range deletion is cheap to write, but makes later reads slightly slower until it is compacted away.
    package mutating func deleteRange(from lowerBound: UnsafeRawBufferPointer, to upperBound: UnsafeRawBufferPointer) {
        precondition(max(lowerBound.count, upperBound.count) <= UInt32.max, "RocksDB stores lengths in 32 bits")
        guard lowerBound.lexicographicallyPrecedes(upperBound) else { return }
        rocksdb_writebatch_delete_range(
            pointer, lowerBound.chars, lowerBound.count, upperBound.chars, upperBound.count)
    }

    /// Empties the batch and keeps its memory.
    package mutating func clear() { rocksdb_writebatch_clear(pointer) }
}
