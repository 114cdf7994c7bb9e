import MillraceRuntime

extension MetricFamily {
    /// The families of the memory for state, and of what all databases together do.
    static let ofMemory: [MetricFamily] = [
        MetricFamily(
            "state_cache_capacity_bytes", .gauge,
            "Memory for state that is being read or is not on disk yet, as configured.",
            labels: [], kafka: "statestore.cache.max.bytes", unit: .bytes
        ) { [MetricSample([], .integer($0.metrics.stateCacheCapacityInBytes))] },
        MetricFamily(
            "state_dirty_bytes", .gauge,
            "Memory of the thread's state that is not on disk yet. At half of the thread's share it is written to disk.",
            labels: ["thread"], kafka: "stream-thread-metrics: cache-size-bytes-total", unit: .bytes
        ) { snapshot in
            snapshot.metrics.threads.map { MetricSample(["\($0.id)"], .integer($0.dirtyStateSizeInBytes)) }
        },
        ofState(
            "rocksdb_block_cache_capacity_bytes", .gauge, "Size of the block cache that all databases share.",
            kafka: "block-cache-capacity", unit: .bytes
        ) { .integer($0.blockCacheCapacityInBytes) },
        ofState(
            "rocksdb_block_cache_usage_bytes", .gauge, "Part of the block cache that is in use, memtables included.",
            kafka: "block-cache-usage", unit: .bytes
        ) { .integer($0.blockCacheUsageInBytes) },
        ofState(
            "rocksdb_write_buffers_capacity_bytes", .gauge,
            "Size up to which the memtables of all databases may grow together.", unit: .bytes
        ) { .integer($0.writeBufferCapacityInBytes) },
        ofState(
            "rocksdb_write_buffers_usage_bytes", .gauge, "Size of the memtables of all databases.",
            kafka: "size-all-mem-tables", unit: .bytes
        ) { .integer($0.writeBufferUsageInBytes) },
        ofAccesses(
            "rocksdb_block_cache_hits_total", "Blocks that were found in the block cache.",
            kafka: "block-cache-data-hit-ratio"
        ) { .integer($0.blockCacheHits) },
        ofAccesses(
            "rocksdb_block_cache_misses_total", "Blocks that had to be read from files.",
            kafka: "block-cache-data-hit-ratio"
        ) { .integer($0.blockCacheMisses) },
        ofAccesses(
            "rocksdb_memtable_hits_total", "Reads that a memtable answered.", kafka: "memtable-hit-ratio"
        ) { .integer($0.memtableHits) },
        ofAccesses(
            "rocksdb_memtable_misses_total", "Reads that no memtable answered.", kafka: "memtable-hit-ratio"
        ) { .integer($0.memtableMisses) },
        ofAccesses(
            "rocksdb_write_stall_seconds_total", "Time for which writes were held up.",
            kafka: "write-stall-duration-total", unit: .seconds
        ) { .seconds($0.writeStallTime) },
        ofAccesses(
            "rocksdb_compaction_read_bytes_total", "Bytes that compactions have read.",
            kafka: "bytes-read-compaction-rate", unit: .bytes
        ) { .integer($0.compactionReadBytes) },
        ofAccesses(
            "rocksdb_compaction_written_bytes_total", "Bytes that compactions have written.",
            kafka: "bytes-written-compaction-rate", unit: .bytes
        ) { .integer($0.compactionWrittenBytes) },
        ofAccesses(
            "rocksdb_flushed_bytes_total", "Bytes that flushes have written.", kafka: "memtable-bytes-flushed-total",
            unit: .bytes
        ) { .integer($0.flushedBytes) },
    ]

    private static func ofState(
        _ name: String, _ kind: MetricDescription.Kind, _ help: String, kafka: String? = nil,
        unit: MetricDescription.Unit? = nil, _ read: @escaping @Sendable (StateMetrics) -> MetricValue?
    ) -> MetricFamily {
        MetricFamily(
            name, kind, help, labels: [], kafka: kafka.map { "stream-state-metrics: \($0)" }, unit: unit
        ) { snapshot in
            snapshot.state.flatMap(read).map { [MetricSample([], $0)] } ?? []
        }
    }

    private static func ofAccesses(
        _ name: String, _ help: String, kafka: String, unit: MetricDescription.Unit? = nil,
        _ read: @escaping @Sendable (StateMetrics.Accesses) -> MetricValue
    ) -> MetricFamily {
        ofState(name, .counter, help, kafka: kafka, unit: unit) { $0.accesses.map(read) }
    }
}
