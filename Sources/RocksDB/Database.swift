import CRocksDB
import Synchronization

/// An open RocksDB database: one directory, one column family, bytes to bytes, ordered by the keys' unsigned bytes.
///
/// Thread-safe. Its directory is locked until it is closed or released *and* the last of its iterators and snapshots is gone:
/// they keep it open. Everything blocks: call it on threads that may wait. Pointers passed to closures are valid until the
/// closure returns. ``DatabaseOptions`` says what survives a crash.
package final class Database: Sendable {
    /// The directory of the database.
    package let path: String
    private let handle: Mutex<DatabaseHandle?>

    /// Opens the database in the directory `path`, by default creating it where there is none.
    ///
    /// - Throws: `locked` if it is open already, here or in another process; `corruption`; `invalidArgument` for wrong
    ///   options or a missing database; `noSpace`; `ioError`.
    package init(path: String, options: DatabaseOptions = DatabaseOptions()) throws(RocksDBError) {
        self.path = path
        handle = Mutex(try DatabaseHandle(path: path, options: options))
    }

    /// Closes the database, flushing it first unless its options say otherwise. Closing again does nothing.
    ///
    /// A database that is only released is closed too, but a failure of its last flush is not reported.
    ///
    /// - Throws: The error of the flush; the database is closed nevertheless.
    package func close() throws(RocksDBError) {
        let last = handle.withLock { current in
            defer { current = nil }
            return current
        }
        guard let last, last.options.source.flushesOnClose else { return }
        try last.flush(wait: true)
    }

    /// Calls `body` with the value of `key`, or nil if it has none; an empty value is not nil.
    ///
    /// - Throws: `closed`, `corruption`, `ioError`.
    package func withValue<Result>(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) -> Result
    ) throws(RocksDBError) -> Result {
        let handle = try opened("get")
        return try handle.withValue(forKey: key, handle.readOptions, body)
    }

    /// Calls `body`, which may throw, with the value of `key`, or nil if it has none; an empty value is not nil.
    ///
    /// - Throws: What `body` throws, or a ``RocksDBError``: `closed`, `corruption`, `ioError`.
    package func withValue<Result>(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Result
    ) throws -> Result {
        let handle = try opened("get")
        return try handle.withValue(forKey: key, handle.readOptions, body)
    }

    /// Calls `body` with the value of `key`, or nil if it has none, unless a file has to be read for it.
    ///
    /// - Returns: whether `body` was called.
    /// - Throws: What `body` throws, or a ``RocksDBError``: `closed`, `corruption`.
    package func withValueInMemory(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws -> Bool {
        try opened("get").withValueInMemory(forKey: key, body)
    }

    /// Calls `body` once for each of `keys`, in order, with its index and its value, or nil if it has none.
    ///
    /// All values are of one moment. RocksDB copies them, so prefer `withValue(forKey:_:)` for single keys.
    ///
    /// - Throws: `closed`, `corruption`, `ioError`, before `body` was called for the key that failed.
    package func withValues(
        forKeys keys: [UnsafeRawBufferPointer], _ body: (Int, UnsafeRawBufferPointer?) -> Void
    ) throws(RocksDBError) {
        let handle = try opened("multiGet")
        try handle.withValues(forKeys: keys, handle.readOptions, body)
    }

    /// Sets the value of a key.
    ///
    /// - Throws: `closed`, `noSpace`, `ioError`. Once a flush failed, also one in the background, writes throw its
    ///   error until the database was reopened or, for `noSpace`, RocksDB noticed that there is room again.
    package func put(_ value: UnsafeRawBufferPointer, forKey key: UnsafeRawBufferPointer) throws(RocksDBError) {
        let handle = try opened("put")
        try handle.call("put") {
            rocksdb_put($0, handle.writeOptions, key.chars, key.count, value.chars, value.count, $1)
        }
    }

    /// Removes a key, which need not be there.
    ///
    /// - Throws: `closed`, `noSpace`, `ioError`.
    package func delete(_ key: UnsafeRawBufferPointer) throws(RocksDBError) {
        let handle = try opened("delete")
        try handle.call("delete") { rocksdb_delete($0, handle.writeOptions, key.chars, key.count, $1) }
    }

    /// Applies a batch, wholly or not at all, also across a crash. The batch is unchanged and may be cleared and reused.
    ///
    /// - Throws: `closed`, `noSpace`, `ioError`.
    package func write(_ batch: borrowing WriteBatch) throws(RocksDBError) {
        let handle = try opened("write")
        let native = batch.pointer
        try handle.call("write") { rocksdb_write($0, handle.writeOptions, native, $1) }
    }

    /// Returns a view of the present database, for several reads.
    ///
    /// - Throws: `closed`.
    package func snapshot() throws(RocksDBError) -> Snapshot { Snapshot(of: try opened("snapshot")) }

    /// Returns an iterator over the keys from `lowerBound` up to but not including `upperBound`, nil for no bound. It sees the
    /// present database, has no position until it is moved, and keeps the database open.
    ///
    /// - Parameter fillsCache: Whether blocks read stay in the block cache; false for bulk scans.
    /// - Throws: `closed`.
    package func iterator(
        lowerBound: UnsafeRawBufferPointer? = nil, upperBound: UnsafeRawBufferPointer? = nil, fillsCache: Bool = true
    ) throws(RocksDBError) -> DatabaseIterator {
        DatabaseIterator(
            handle: try opened("iterator"), snapshot: nil, lowerBound: lowerBound, upperBound: upperBound,
            fillsCache: fillsCache)
    }

    /// The open handle, which stays open while the caller holds it.
    func opened(_ operation: String) throws(RocksDBError) -> DatabaseHandle {
        guard let handle = handle.withLock({ $0 }) else {
            throw RocksDBError(code: .closed, message: "the database is closed", operation: operation, path: path)
        }
        return handle
    }
}
