import CRocksDB

/// Owns an open `rocksdb_t`, with the options that must outlive it. Iterators, snapshots and values being read retain it,
/// so that it is closed after the last of them.
// RocksDB's functions on an open database are thread-safe; the option objects are only read once made.
final class DatabaseHandle: @unchecked Sendable {
    let path: String
    let options: NativeOptions
    let database: OpaquePointer
    let readOptions: OpaquePointer
    /// The options of reads that fail with `incomplete` instead of reading a file.
    let memoryReadOptions: OpaquePointer
    let writeOptions: OpaquePointer

    /// `kBlockCacheTier` of RocksDB's `ReadTier`: the memtables and the block cache.
    private static let blockCacheTier: Int32 = 1

    init(path: String, options source: DatabaseOptions) throws(RocksDBError) {
        try checkPath(path, "open")
        let options = try NativeOptions(source, path: path)
        let opened = try checked("open", path: path) { rocksdb_open(options.pointer, path, $0) }
        guard let opened else {
            throw RocksDBError(code: .other, message: "no database", operation: "open", path: path)
        }
        self.path = path
        self.options = options
        database = opened
        readOptions = rocksdb_readoptions_create()
        memoryReadOptions = rocksdb_readoptions_create()
        rocksdb_readoptions_set_read_tier(memoryReadOptions, Self.blockCacheTier)
        writeOptions = rocksdb_writeoptions_create()
        rocksdb_writeoptions_disable_WAL(writeOptions, source.writeAheadLog == .off ? 1 : 0)
        rocksdb_writeoptions_set_sync(writeOptions, source.writeAheadLog == .synced ? 1 : 0)
    }

    deinit {
        rocksdb_writeoptions_destroy(writeOptions)
        rocksdb_readoptions_destroy(memoryReadOptions)
        rocksdb_readoptions_destroy(readOptions)
        rocksdb_close(database)
    }

    /// Calls a C function on the database, which stays open until it returns.
    @inline(__always)
    func call<Result>(
        _ operation: String, _ body: (OpaquePointer, ErrorPointer) -> Result
    ) throws(RocksDBError) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try checked(operation, path: path) { body(database, $0) }
    }

    /// The value of a key, or nil; `readOptions` may carry a snapshot.
    func pinned(_ key: UnsafeRawBufferPointer, _ readOptions: OpaquePointer) throws(RocksDBError) -> PinnedValue? {
        let slice = try call("get") { rocksdb_get_pinned($0, readOptions, key.chars, key.count, $1) }
        guard let slice else { return nil }
        return PinnedValue(slice: slice, handle: self)
    }

    func flush(wait: Bool) throws(RocksDBError) {
        let flushOptions = rocksdb_flushoptions_create()
        defer { rocksdb_flushoptions_destroy(flushOptions) }
        rocksdb_flushoptions_set_wait(flushOptions, wait ? 1 : 0)
        try call("flush") { rocksdb_flush($0, flushOptions, $1) }
    }
}

/// A value held in RocksDB's memory, released when this goes; the database stays open as long.
struct PinnedValue: ~Copyable {
    private let slice: OpaquePointer
    private let handle: DatabaseHandle

    init(slice: OpaquePointer, handle: DatabaseHandle) {
        self.slice = slice
        self.handle = handle
    }

    deinit { rocksdb_pinnableslice_destroy(slice) }

    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var count = 0
        let start = rocksdb_pinnableslice_value(slice, &count)
        return try body(UnsafeRawBufferPointer(start: start, count: count))
    }
}
