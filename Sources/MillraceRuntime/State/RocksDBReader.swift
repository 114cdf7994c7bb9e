import Dispatch
import Millrace
import MillraceEngine
import RocksDB
import Synchronization

/// An open database for threads that only read it.
///
/// Readers are counted, and `close` waits for them: RocksDB could not open the database again while its last reader kept it open.
final class RocksDBReader: StorageReader {
    private let database: Database
    private let location: StoreLocation
    private let use = Mutex(Use())

    private struct Use {
        var readers = 0
        var isClosed = false
        var lastHasLeft: DispatchSemaphore?
    }

    init(_ database: Database, at location: StoreLocation) {
        self.database = database
        self.location = location
    }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try enter()
        defer { leave() }
        try translatingErrors { try database.withValue(forKey: key, body) }
    }

    func withValueInMemory(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws -> Bool {
        try enter()
        defer { leave() }
        return try translatingErrors { try database.withValueInMemory(forKey: key, body) }
    }

    func snapshot() throws -> any StorageSnapshot {
        try enter()
        do {
            return RocksDBSnapshot(try translatingErrors { try database.snapshot() }, of: self)
        } catch {
            leave()
            throw error
        }
    }

    var approximateEntryCount: Int? { figure { try $0.approximateKeyCount() } }

    /// The size of the files, and of the memory that is not written to them yet.
    var approximateSizeInBytes: Int? {
        figure { database in
            try (database.integerProperty("rocksdb.estimate-live-data-size") ?? 0)
                + (database.integerProperty("rocksdb.cur-size-all-mem-tables") ?? 0)
        }
    }

    /// The metrics of the database; `nil` if it is closed.
    func metrics(store: String, task: String) -> StateMetrics.Database? {
        figure { try StateMetrics.Database($0, store: store, task: task) }
    }

    private func figure<Figure>(_ read: (Database) throws -> Figure) -> Figure? {
        guard (try? enter()) != nil else { return nil }
        defer { leave() }
        return try? read(database)
    }

    /// Refuses new readers and waits until the last one has finished.
    func close() {
        let lastHasLeft = use.withLock { use -> DispatchSemaphore? in
            use.isClosed = true
            if use.readers > 0, use.lastHasLeft == nil { use.lastHasLeft = DispatchSemaphore(value: 0) }
            return use.lastHasLeft
        }
        lastHasLeft?.wait()
    }

    private func enter() throws {
        let isOpen = use.withLock { use in
            if !use.isClosed { use.readers += 1 }
            return !use.isClosed
        }
        guard isOpen else {
            throw StreamsError(
                .storeUnavailable, "the store \(location.name) was closed, for its task is moving or restarting",
                task: location.task.description)
        }
    }

    fileprivate func leave() {
        use.withLock { use in
            use.readers -= 1
            if use.readers == 0 { use.lastHasLeft?.signal() }
        }
    }

    fileprivate func translatingErrors<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as RocksDBError {
            throw StreamsError.database(error, of: location)
        }
    }
}

/// The content of a database at one moment.
private final class RocksDBSnapshot: StorageSnapshot {
    private var snapshot: Snapshot?
    private let reader: RocksDBReader

    init(_ snapshot: Snapshot, of reader: RocksDBReader) {
        self.snapshot = snapshot
        self.reader = reader
    }

    deinit {
        // The snapshot keeps the database open, so it is released before the reader is counted out.
        snapshot = nil
        reader.leave()
    }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try reader.translatingErrors { try snapshot?.withValue(forKey: key, body) }
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        guard let snapshot else { return }
        try reader.translatingErrors {
            var iterator = (lower ?? []).withBytes { lower in
                guard let upper else { return snapshot.iterator(lowerBound: lower) }
                return upper.withBytes { snapshot.iterator(lowerBound: lower, upperBound: $0) }
            }
            var found = reversed ? try iterator.seekToLast() : try iterator.seekToFirst()
            while found {
                guard try iterator.withEntry(body) else { return }
                found = reversed ? try iterator.prev() : try iterator.next()
            }
        }
    }
}
