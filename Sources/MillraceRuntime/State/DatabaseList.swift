import MillraceEngine
import RocksDB
import Synchronization

/// The open databases of a state directory, for their metrics. It does not keep them open.
final class DatabaseList: Sendable {
    private struct Key: Hashable {
        var task: TaskID
        var store: String
    }

    private struct Entry {
        weak var reader: RocksDBReader?
    }

    private let entries = Mutex<[Key: Entry]>([:])

    /// Adds the reader of an open database; it replaces an earlier one of the same store.
    func add(_ reader: RocksDBReader, at location: StoreLocation) {
        entries.withLock { $0[Key(task: location.task, store: location.name)] = Entry(reader: reader) }
    }

    /// Removes the reader of a database that is about to be closed.
    func remove(_ reader: RocksDBReader, at location: StoreLocation) {
        let key = Key(task: location.task, store: location.name)
        entries.withLock { entries in
            if entries[key]?.reader === reader { entries[key] = nil }
        }
    }

    /// The metrics of the databases, in the order of their tasks and stores.
    var metrics: [StateMetrics.Database] {
        let open = entries.withLock { entries in
            entries.compactMap { key, entry in entry.reader.map { (key, $0) } }
        }
        return open.sorted { ($0.0.task, $0.0.store) < ($1.0.task, $1.0.store) }.compactMap { key, reader in
            reader.metrics(store: key.store, task: key.task.description)
        }
    }
}

extension StateMetrics.Database {
    init(_ database: RocksDB.Database, store: String, task: String) throws(RocksDBError) {
        func property(_ name: String) throws(RocksDBError) -> Int {
            try database.integerProperty("rocksdb.\(name)") ?? 0
        }
        self.init(
            store: store, task: task, entries: try property("estimate-num-keys"),
            liveDataSizeInBytes: try property("estimate-live-data-size"),
            fileSizeInBytes: try property("total-sst-files-size"),
            memtableSizeInBytes: try property("cur-size-all-mem-tables"),
            immutableMemtables: try property("num-immutable-mem-table"),
            tableReaderSizeInBytes: try property("estimate-table-readers-mem"),
            pendingCompactionSizeInBytes: try property("estimate-pending-compaction-bytes"),
            runningCompactions: try property("num-running-compactions"),
            runningFlushes: try property("num-running-flushes"), backgroundErrors: try property("background-errors"))
    }
}

extension StateMetrics.Accesses {
    init(_ statistics: Statistics) {
        self.init(
            blockCacheHits: statistics.count(of: .blockCacheHit),
            blockCacheMisses: statistics.count(of: .blockCacheMiss), memtableHits: statistics.count(of: .memtableHit),
            memtableMisses: statistics.count(of: .memtableMiss),
            writeStallTime: .microseconds(statistics.count(of: .stallMicroseconds)),
            compactionReadBytes: statistics.count(of: .compactionReadBytes),
            compactionWrittenBytes: statistics.count(of: .compactionWrittenBytes),
            flushedBytes: statistics.count(of: .flushedBytes))
    }
}
