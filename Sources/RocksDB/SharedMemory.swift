import CRocksDB
import CRocksDBShim

/// One memory budget for all databases of a process: a block cache and a limit on their memtables.
///
/// Give the same instance to every database's ``DatabaseOptions/sharedMemory``. When the memtables of all databases
/// together reach their limit, RocksDB flushes the one that is being written to. Thread-safe. It may be released before the
/// databases that use it: they keep what they need (rocksdb/write_buffer_manager.h, rocksdb/cache.h).
// The C objects are only used through functions that RocksDB documents as thread-safe, and freed once, in deinit.
package final class SharedMemory: @unchecked Sendable {
    let cache: OpaquePointer
    let writeBuffers: OpaquePointer

    /// The size of the block cache, in bytes.
    package let blockCacheSizeInBytes: Int
    /// The limit on the memtables of all databases, in bytes; 0 for none.
    package let writeBufferSizeInBytes: Int

    /// Makes an empty cache and a limit.
    ///
    /// - Parameters:
    ///   - blockCacheSizeInBytes: Room for blocks, and by default for memtables too. A soft limit: blocks in use by iterators
    ///     are never evicted.
    ///   - writeBufferSizeInBytes: Room for the memtables of all databases; 0 for no limit.
    ///   - chargesWriteBuffersToCache: Whether memtables take their memory out of the block cache's, so that its size
    ///     is the whole budget.
    /// - Throws: `invalidArgument` if a size is negative or memtables would not fit into the cache that they are charged to.
    package init(
        blockCacheSizeInBytes: Int, writeBufferSizeInBytes: Int, chargesWriteBuffersToCache: Bool = true
    ) throws(RocksDBError) {
        guard blockCacheSizeInBytes >= 0, writeBufferSizeInBytes >= 0 else {
            throw Self.invalid("sizes must not be negative")
        }
        guard !chargesWriteBuffersToCache || writeBufferSizeInBytes <= blockCacheSizeInBytes else {
            throw Self.invalid(
                "write buffers of \(writeBufferSizeInBytes) bytes do not fit into a cache of \(blockCacheSizeInBytes)")
        }
        self.blockCacheSizeInBytes = blockCacheSizeInBytes
        self.writeBufferSizeInBytes = writeBufferSizeInBytes
        cache = rocksdb_cache_create_lru(blockCacheSizeInBytes)
        writeBuffers = rocksdb_shim_write_buffers_create(
            writeBufferSizeInBytes, chargesWriteBuffersToCache ? cache : nil)
    }

    deinit {
        rocksdb_shim_write_buffers_destroy(writeBuffers)
        rocksdb_cache_destroy(cache)
    }

    /// Bytes in the block cache, memtables included where they are charged to it.
    package var blockCacheUsageInBytes: Int { withExtendedLifetime(self) { rocksdb_cache_get_usage(cache) } }

    /// Bytes held by the memtables of all databases.
    package var writeBufferUsageInBytes: Int {
        withExtendedLifetime(self) { rocksdb_shim_write_buffers_usage(writeBuffers) }
    }

    private static func invalid(_ message: String) -> RocksDBError {
        RocksDBError(code: .invalidArgument, message: message, operation: "share memory", path: "")
    }
}
