/// The options of opening a database. The defaults are those of Kafka Streams' `RocksDBStore` where it sets one, else
/// RocksDB's.
///
/// Durability, in one table. "Kill" is the death of the process at any instant, "power" that of the machine.
///
/// | what was done | survives kill | survives power |
/// | --- | --- | --- |
/// | write, ``writeAheadLog`` off (the default) | no | no |
/// | write, log buffered | yes | no |
/// | write, log synced | yes | yes |
/// | `Database.flush()` returned, or `close()` | yes | yes |
///
/// With the log off nothing that was not flushed survives. RocksDB may flush on its own whenever a memtable is full, so
/// after a crash the database stands at *some* state between the last flush that was asked for and the last write. A
/// ``WriteBatch`` is never split by that: it goes into one memtable as a whole, and a memtable into one file as a whole.
/// State and the changelog position it reaches, written in one batch, are therefore either both there or both not, and a
/// later batch is never there without the earlier ones.
package struct DatabaseOptions: Sendable {
    /// The compressions of blocks on disk. Opening throws `invalidArgument` if the RocksDB in use was built without it.
    package enum Compression: Sendable, CaseIterable { case none, snappy, lz4, zstd }

    /// The ways of merging files: `universal` writes less, `level` takes less disk and reads fewer files.
    package enum CompactionStyle: Sendable { case level, universal }

    /// Whether writes also go to RocksDB's log, and whether they are synced.
    package enum WriteAheadLog: Sendable { case off, buffered, synced }

    /// Whether a missing database is created: its own directory, not the parents. Default true. If false, opening a missing
    /// one throws `invalidArgument`.
    package var createIfMissing = true
    /// Default: none.
    package var compression = Compression.none
    /// Default: universal.
    package var compactionStyle = CompactionStyle.universal
    /// Default 4 KiB. Before compression; RocksDB reads whole blocks.
    package var blockSizeInBytes = 4096
    /// The size of the database's own block cache, unused with ``sharedMemory``. Default 50 MiB.
    package var blockCacheSizeInBytes = 50 << 20
    /// Whether index and filter blocks count against the block cache, which bounds memory, or stay outside of it. Default
    /// true.
    package var cachesIndexAndFilterBlocks = true
    /// Bits per key of each file's Bloom filter; 0 for none. Default 10, about 1 % false positives.
    package var bloomFilterBitsPerKey = 10.0
    /// The size at which a memtable becomes immutable and is flushed. Default 16 MiB.
    package var writeBufferSizeInBytes = 16 << 20
    /// The number of memtables in memory, the active one included, at which writes wait for a flush. Default 3.
    package var maxWriteBuffers = 3
    /// The number of flushes and compactions that may run at a time. Default 2.
    package var maxBackgroundJobs = 2
    /// The number of files that may be open; nil, the default, for all of them.
    package var maxOpenFiles: Int?
    /// Default off: the changelog topic is the log.
    package var writeAheadLog = WriteAheadLog.off
    /// Whether files are synced with `fsync` rather than `fdatasync`. Default false: on file systems of today `fdatasync`
    /// is enough. Flushed files are synced in either case.
    package var usesFsync = false
    /// Whether column families are flushed together. Default false: there is one only, which is always flushed as a whole.
    package var atomicFlush = false
    /// Whether closing, or releasing, the database flushes what is in memory first. Default true. If false, what was not
    /// flushed and is not in the log is lost, as in a crash.
    package var flushesOnClose = true
    /// The memory budget shared with other databases. Default nil: the database has a separate block cache.
    package var sharedMemory: SharedMemory?
    /// The counts to which the database adds what it does; `nil`, the default, for none.
    package var statistics: Statistics?
    /// Further RocksDB options, applied last, in its own notation: "max_subcompactions=2;bytes_per_sync=1048576".
    /// Default empty.
    package var rawOptions = ""

    /// Options with every default.
    package init() {}

    /// Everything wrong with the options that can be found without opening a database, in words; empty if nothing is.
    package var problems: [String] {
        let minima: [(name: String, value: Int, minimum: Int)] = [
            ("blockSizeInBytes", blockSizeInBytes, 1), ("blockCacheSizeInBytes", blockCacheSizeInBytes, 0),
            ("writeBufferSizeInBytes", writeBufferSizeInBytes, 64 << 10), ("maxWriteBuffers", maxWriteBuffers, 2),
            ("maxBackgroundJobs", maxBackgroundJobs, 1), ("maxOpenFiles", maxOpenFiles ?? 1, 1),
        ]
        var problems = minima.filter { $0.value < $0.minimum }
            .map { "\($0.name) is \($0.value), must be at least \($0.minimum)" }
        let counts = [("maxWriteBuffers", maxWriteBuffers), ("maxBackgroundJobs", maxBackgroundJobs)]
        problems += (counts + [("maxOpenFiles", maxOpenFiles ?? 1)]).filter { $0.1 > Int(Int32.max) }
            .map { "\($0.0) is \($0.1), must be at most \(Int32.max)" }
        if !(0...100).contains(bloomFilterBitsPerKey) {
            problems.append("bloomFilterBitsPerKey is \(bloomFilterBitsPerKey), must be between 0 and 100")
        }
        if rawOptions.utf8.contains(0) { problems.append("rawOptions holds a zero byte") }
        return problems
    }
}
