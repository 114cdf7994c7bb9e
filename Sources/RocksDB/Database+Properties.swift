import CRocksDB
import CRocksDBShim

extension Database {
    /// What RocksDB counts if ``DatabaseOptions/countsStatistics`` is set, since the database was opened.
    package enum Ticker: Sendable, CaseIterable {
        case blockCacheHit, blockCacheMiss, memtableHit, memtableMiss
        /// Reads that a Bloom filter spared.
        case bloomFilterUseful
        case bytesRead, bytesWritten, flushBytesWritten, compactionBytesRead, compactionBytesWritten
        /// Time that writers had to wait for flushes and compactions, in microseconds.
        case stallMicros
    }

    /// Memory held by one database, without its block cache, in bytes.
    package struct MemoryUsage: Sendable, Hashable {
        /// All memtables: the active one, those being flushed and those held by iterators.
        package var memtablesInBytes: Int
        /// Index and filter blocks that are not in the block cache.
        package var tableReadersInBytes: Int
    }

    /// A property of the database as text, such as "rocksdb.stats" (rocksdb/db.h, `DB::Properties`); nil if there is none of
    /// that name.
    ///
    /// - Throws: `closed`.
    package func property(_ name: String) throws(RocksDBError) -> String? {
        let text = try opened("property").call("property") { database, _ in rocksdb_property_value(database, name) }
        guard let text else { return nil }
        defer { rocksdb_free(text) }
        return String(cString: text)
    }

    /// A property of the database that is a number; nil if there is none of that name.
    ///
    /// - Throws: `closed`.
    package func integerProperty(_ name: String) throws(RocksDBError) -> Int? {
        var value: UInt64 = 0
        let status = try opened("property").call("property") { database, _ in
            rocksdb_property_int(database, name, &value)
        }
        return status == 0 ? Int(clamping: value) : nil
    }

    /// About how many keys there are: entries less deletions, so that a key written twice may count twice.
    ///
    /// - Throws: `closed`.
    package func approximateKeyCount() throws(RocksDBError) -> Int {
        try integerProperty("rocksdb.estimate-num-keys") ?? 0
    }

    /// How much memory the database holds outside of the block cache.
    ///
    /// - Throws: `closed`.
    package func estimatedMemory() throws(RocksDBError) -> MemoryUsage {
        MemoryUsage(
            memtablesInBytes: try integerProperty("rocksdb.size-all-mem-tables") ?? 0,
            tableReadersInBytes: try integerProperty("rocksdb.estimate-table-readers-mem") ?? 0)
    }

    /// A counter's value; 0 if statistics are not counted.
    ///
    /// - Throws: `closed`.
    package func count(of ticker: Ticker) throws(RocksDBError) -> UInt64 {
        let handle = try opened("count")
        return withExtendedLifetime(handle) { rocksdb_shim_ticker_count(handle.options.pointer, ticker.number) }
    }
}

extension Database.Ticker {
    fileprivate var number: Int32 {
        let ticker =
            switch self {
            case .blockCacheHit: rocksdb_shim_ticker_block_cache_hit
            case .blockCacheMiss: rocksdb_shim_ticker_block_cache_miss
            case .memtableHit: rocksdb_shim_ticker_memtable_hit
            case .memtableMiss: rocksdb_shim_ticker_memtable_miss
            case .bloomFilterUseful: rocksdb_shim_ticker_bloom_filter_useful
            case .bytesRead: rocksdb_shim_ticker_bytes_read
            case .bytesWritten: rocksdb_shim_ticker_bytes_written
            case .flushBytesWritten: rocksdb_shim_ticker_flush_write_bytes
            case .compactionBytesRead: rocksdb_shim_ticker_compact_read_bytes
            case .compactionBytesWritten: rocksdb_shim_ticker_compact_write_bytes
            case .stallMicros: rocksdb_shim_ticker_stall_micros
            }
        return Int32(ticker.rawValue)
    }
}
