import CRocksDBShim

/// Counts of what databases do. Several databases may share them.
///
/// Only counts are kept, no times of single operations, which would take a clock call each. Thread-safe. The object may be released
/// before the databases that count in it.
// The C object is only used through functions that RocksDB documents as thread-safe, and freed once, in deinit.
package final class Statistics: @unchecked Sendable {
    /// The events that are counted.
    package enum Event: Sendable, CaseIterable {
        case blockCacheMiss
        case blockCacheHit
        case memtableHit
        case memtableMiss
        /// Microseconds for which writes were held up.
        case stallMicroseconds
        case compactionReadBytes
        case compactionWrittenBytes
        case flushedBytes

        fileprivate var native: rocksdb_shim_ticker_t {
            switch self {
            case .blockCacheMiss: rocksdb_shim_block_cache_miss
            case .blockCacheHit: rocksdb_shim_block_cache_hit
            case .memtableHit: rocksdb_shim_memtable_hit
            case .memtableMiss: rocksdb_shim_memtable_miss
            case .stallMicroseconds: rocksdb_shim_stall_micros
            case .compactionReadBytes: rocksdb_shim_compact_read_bytes
            case .compactionWrittenBytes: rocksdb_shim_compact_write_bytes
            case .flushedBytes: rocksdb_shim_flush_write_bytes
            }
        }
    }

    let pointer: OpaquePointer

    package init() { pointer = rocksdb_shim_statistics_create() }

    deinit { rocksdb_shim_statistics_destroy(pointer) }

    /// Returns the count of an event in all databases since the object was made.
    package func count(of event: Event) -> Int {
        withExtendedLifetime(self) { Int(clamping: rocksdb_shim_statistics_count(pointer, event.native)) }
    }
}
