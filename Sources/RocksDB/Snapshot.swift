import CRocksDB

/// A database as it was at one moment. It keeps the database open and holds back the removal of old values: keep it short.
// The handle's functions are thread-safe and the read options are only read once made.
package final class Snapshot: @unchecked Sendable {
    let handle: DatabaseHandle
    let pointer: OpaquePointer
    private let readOptions: OpaquePointer

    init(of handle: DatabaseHandle) {
        self.handle = handle
        pointer = rocksdb_create_snapshot(handle.database)
        readOptions = rocksdb_readoptions_create()
        rocksdb_readoptions_set_snapshot(readOptions, pointer)
    }

    deinit {
        rocksdb_readoptions_destroy(readOptions)
        rocksdb_release_snapshot(handle.database, pointer)
    }

    /// Calls `body` with the value that `key` had, or nil if it had none; an empty value is not nil.
    ///
    /// - Throws: `corruption`, `ioError`.
    package func withValue<Result>(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) -> Result
    ) throws(RocksDBError) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try handle.withValue(forKey: key, readOptions, body)
    }

    /// Calls `body`, which may throw, with the value that `key` had, or nil if it had none.
    ///
    /// - Throws: What `body` throws, or a ``RocksDBError``: `corruption`, `ioError`.
    package func withValue<Result>(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Result
    ) throws -> Result {
        defer { withExtendedLifetime(self) {} }
        return try handle.withValue(forKey: key, readOptions, body)
    }

    /// Returns an iterator over the keys of that moment, from `lowerBound` up to but not including `upperBound`, nil for no
    /// bound. It keeps the snapshot.
    ///
    /// - Parameter fillsCache: Whether blocks read stay in the block cache; false for bulk scans.
    package func iterator(
        lowerBound: UnsafeRawBufferPointer? = nil, upperBound: UnsafeRawBufferPointer? = nil, fillsCache: Bool = true
    ) -> DatabaseIterator {
        DatabaseIterator(
            handle: handle, snapshot: self, lowerBound: lowerBound, upperBound: upperBound, fillsCache: fillsCache)
    }
}
