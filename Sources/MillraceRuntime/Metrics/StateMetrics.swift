/// The metrics of an instance's databases and of the memory that they share. Kafka: `stream-state-metrics`.
public struct StateMetrics: Sendable, Hashable {
    /// The metrics of the database of one store of one task. All sizes are RocksDB's own estimates.
    public struct Database: Sendable, Hashable {
        /// The store's name.
        public var store: String
        /// The task that has the store, as `<sub-topology>_<partition>`; `global` for a global table.
        public var task: String
        /// The approximate number of entries; one that was written twice may count twice. Kafka: `estimate-num-keys`.
        public var entries: Int
        /// The size of the entries that are not superseded or deleted. Kafka: `estimate-live-data-size`.
        public var liveDataSizeInBytes: Int
        /// The size of the files. Kafka: `total-sst-files-size`.
        public var fileSizeInBytes: Int
        /// The size of the memtables. Kafka: `cur-size-all-mem-tables`.
        public var memtableSizeInBytes: Int
        /// The number of memtables that wait to be flushed. Kafka: `num-immutable-mem-table`.
        public var immutableMemtables: Int
        /// The memory of indices and filters outside of the block cache. Kafka: `estimate-table-readers-mem`.
        public var tableReaderSizeInBytes: Int
        /// The size of what compaction has to rewrite. Kafka: `estimate-pending-compaction-bytes`.
        public var pendingCompactionSizeInBytes: Int
        /// The number of compactions that run. Kafka: `num-running-compactions`.
        public var runningCompactions: Int
        /// The number of flushes that run. Kafka: `num-running-flushes`.
        public var runningFlushes: Int
        /// The number of errors of flushes and compactions since the database was opened. Kafka: `background-errors`.
        public var backgroundErrors: Int
    }

    /// The counts of all databases together since the start.
    public struct Accesses: Sendable, Hashable {
        /// Blocks that were found in the block cache.
        public var blockCacheHits: Int
        /// Blocks that had to be read from files.
        public var blockCacheMisses: Int
        /// Reads that a memtable answered.
        public var memtableHits: Int
        /// Reads that no memtable answered.
        public var memtableMisses: Int
        /// The time for which writes were held up. Kafka: `write-stall-duration-total`.
        public var writeStallTime: Duration
        /// Bytes that compactions read. Kafka: `bytes-read-compaction-rate`.
        public var compactionReadBytes: Int
        /// Bytes that compactions wrote. Kafka: `bytes-written-compaction-rate`.
        public var compactionWrittenBytes: Int
        /// Bytes that flushes wrote. Kafka: `memtable-bytes-flushed-total`.
        public var flushedBytes: Int
    }

    /// The open databases.
    public var databases: [Database] = []
    /// The size of the block cache that all databases share. Kafka: `block-cache-capacity`.
    public var blockCacheCapacityInBytes = 0
    /// The part of it that is in use, memtables included. Kafka: `block-cache-usage`.
    public var blockCacheUsageInBytes = 0
    /// The size up to which the memtables of all databases may grow together.
    public var writeBufferCapacityInBytes = 0
    /// The size of the memtables of all databases.
    public var writeBufferUsageInBytes = 0
    /// `nil` unless ``StreamsConfiguration/recordsStateStatistics`` is set.
    public var accesses: Accesses?
}
