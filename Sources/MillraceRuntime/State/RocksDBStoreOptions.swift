package import RocksDB

/// The options with which the databases of an application's stores are opened, and the memory that they share.
///
/// Everything else is as in ``DatabaseOptions``, which has the options of Kafka Streams' `RocksDBStore`: universal compaction, no
/// compression, blocks of 4 KiB, memtables of 16 MiB, at most 3 of them, no write-ahead log. The differences are:
///
/// | option | Kafka Streams | here | why |
/// | --- | --- | --- | --- |
/// | block cache | 50 MiB for each store | one, with the memtables in it | one budget for the process, however many tasks |
/// | index and filter blocks | outside of the cache | inside | the same |
/// | Bloom filter on the last level | left out | kept | the keys that come down from the transaction buffer are often new |
/// | memtables grow by | 1 MiB | 128 KiB | a hundred stores with little in them should not use up the budget |
/// | flush on close | yes | no | only ``RocksDBEngine/flush()`` makes durable; a wiped store writes nothing more |
/// | threads that open a database's files | 16 | 1 | RocksDB starts them for each database, even if it has no files |
/// | statistics in the info log | every 600 s | none | an idle process with a thousand stores stays idle |
/// | old info logs | 1,000 | 2 | each start leaves one |
package struct RocksDBStoreOptions: Sendable {
    /// The size of the block cache, which the memtables of all stores count against. Default 128 MiB.
    package var memoryInBytes = 128 << 20
    /// The part of it that memtables may take before RocksDB flushes them. Default 64 MiB.
    package var writeBuffersInBytes = 64 << 20
    /// Further RocksDB options for every store, applied last, in RocksDB's notation: "max_subcompactions=2". Default empty.
    package var rawOptions = ""
    /// Whether the databases count what they do. Default false.
    package var recordsStatistics = false

    package init() {}

    /// Makes the memory that all stores share. Several directories that are given the same memory share one budget.
    ///
    /// - Throws: `invalidArgument` if a size is negative or the write buffers are larger than the whole memory.
    package func makeMemory() throws(RocksDBError) -> SharedMemory {
        try SharedMemory(blockCacheSizeInBytes: memoryInBytes, writeBufferSizeInBytes: writeBuffersInBytes)
    }

    /// Returns the options of one database.
    func databaseOptions(memory: SharedMemory, statistics: Statistics? = nil) -> DatabaseOptions {
        var options = DatabaseOptions()
        options.sharedMemory = memory
        options.statistics = statistics
        options.flushesOnClose = false
        options.rawOptions = (Self.rawDefaults + [rawOptions]).filter { !$0.isEmpty }.joined(separator: ";")
        return options
    }

    private static let rawDefaults = [
        "arena_block_size=131072", "max_file_opening_threads=1", "stats_dump_period_sec=0",
        "stats_persist_period_sec=0",
        "info_log_level=ERROR_LEVEL", "keep_log_file_num=2",
    ]
}
