import CRocksDB
import CRocksDBShim

/// Owns the `rocksdb_options_t` made from ``DatabaseOptions``.
// Written only while it is made; afterwards RocksDB reads it.
final class NativeOptions: @unchecked Sendable {
    let pointer: OpaquePointer
    let source: DatabaseOptions

    init(_ source: DatabaseOptions, path: String) throws(RocksDBError) {
        let problems = source.problems
        guard problems.isEmpty else {
            throw RocksDBError(
                code: .invalidArgument, message: problems.joined(separator: "; "), operation: "open", path: path)
        }
        self.source = source
        let typed: OpaquePointer = rocksdb_options_create()
        guard rocksdb_shim_layout_matches(typed) else {
            rocksdb_options_destroy(typed)
            throw RocksDBError(
                code: .notSupported, message: "this RocksDB library does not match the headers it was built against",
                operation: "open", path: path)
        }
        Self.apply(source, to: typed)
        Self.applyTable(source, to: typed)
        guard !source.rawOptions.isEmpty else {
            pointer = typed
            return
        }
        defer { rocksdb_options_destroy(typed) }
        let combined: OpaquePointer = rocksdb_options_create()
        do {
            try checked("open", path: path) { rocksdb_get_options_from_string(typed, source.rawOptions, combined, $0) }
        } catch {
            rocksdb_options_destroy(combined)
            throw error
        }
        pointer = combined
    }

    deinit { rocksdb_options_destroy(pointer) }

    private static func apply(_ source: DatabaseOptions, to options: OpaquePointer) {
        rocksdb_options_set_create_if_missing(options, source.createIfMissing ? 1 : 0)
        rocksdb_options_set_compression(options, source.compression.native)
        rocksdb_options_set_compaction_style(options, source.compactionStyle.native)
        rocksdb_options_set_write_buffer_size(options, source.writeBufferSizeInBytes)
        rocksdb_options_set_max_write_buffer_number(options, Int32(source.maxWriteBuffers))
        rocksdb_options_set_max_background_jobs(options, Int32(source.maxBackgroundJobs))
        rocksdb_options_set_max_open_files(options, source.maxOpenFiles.map { Int32($0) } ?? -1)
        rocksdb_options_set_use_fsync(options, source.usesFsync ? 1 : 0)
        rocksdb_options_set_atomic_flush(options, source.atomicFlush ? 1 : 0)
        rocksdb_shim_options_set_avoid_flush_during_shutdown(options, !source.flushesOnClose)
        if let shared = source.sharedMemory {
            rocksdb_shim_options_set_write_buffers(options, shared.writeBuffers)
        }
        if let statistics = source.statistics {
            withExtendedLifetime(statistics) { rocksdb_shim_options_set_statistics(options, statistics.pointer) }
        }
        // Kafka Streams too logs errors only. RocksDB would keep 1,000 old logs and dump statistics every 10 minutes.
        rocksdb_options_set_info_log_level(options, errorLogLevel)
        rocksdb_options_set_keep_log_file_num(options, 2)
        rocksdb_options_set_stats_dump_period_sec(options, 0)
        rocksdb_options_set_stats_persist_period_sec(options, 0)
    }

    private static func applyTable(_ source: DatabaseOptions, to options: OpaquePointer) {
        let table = rocksdb_block_based_options_create()
        defer { rocksdb_block_based_options_destroy(table) }
        rocksdb_block_based_options_set_block_size(table, source.blockSizeInBytes)
        let cachesMetadata: UInt8 = source.cachesIndexAndFilterBlocks ? 1 : 0
        rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, cachesMetadata)
        rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, cachesMetadata)
        if source.bloomFilterBitsPerKey > 0 {
            // The table options take the policy over.
            rocksdb_block_based_options_set_filter_policy(
                table, rocksdb_filterpolicy_create_bloom_full(source.bloomFilterBitsPerKey))
        }
        if let shared = source.sharedMemory {
            rocksdb_block_based_options_set_block_cache(table, shared.cache)
        } else {
            // The table options share ownership: destroying the handle leaves them their reference.
            let cache = rocksdb_cache_create_lru(source.blockCacheSizeInBytes)
            defer { rocksdb_cache_destroy(cache) }
            rocksdb_block_based_options_set_block_cache(table, cache)
        }
        rocksdb_options_set_block_based_table_factory(options, table)
    }

    /// `InfoLogLevel::ERROR_LEVEL` (rocksdb/env.h).
    private static let errorLogLevel: Int32 = 3
}

extension DatabaseOptions.Compression {
    fileprivate var native: Int32 {
        switch self {
        case .none: Int32(rocksdb_no_compression)
        case .snappy: Int32(rocksdb_snappy_compression)
        case .lz4: Int32(rocksdb_lz4_compression)
        case .zstd: Int32(rocksdb_zstd_compression)
        }
    }
}

extension DatabaseOptions.CompactionStyle {
    fileprivate var native: Int32 {
        switch self {
        case .level: Int32(rocksdb_level_compaction)
        case .universal: Int32(rocksdb_universal_compaction)
        }
    }
}
