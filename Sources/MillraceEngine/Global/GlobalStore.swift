package import Millrace

/// The lock that keeps apart the threads that use a global store: the one that fills it, and the workers that read it.
///
/// A thread may take the lock again while it holds it, because an iteration over a store may read the store.
package protocol StoreLock: Sendable {
    func withLock(_ body: () throws -> Void) throws
}

/// The lock of a store that only one thread uses.
package struct NoStoreLock: StoreLock {
    package init() {}
    package func withLock(_ body: () throws -> Void) throws { try body() }
}

/// A global store, which an instance fills from all partitions of a topic and which all its tasks read. Kafka:
/// `GlobalStateManagerImpl`.
///
/// Its topic is its log. The positions up to which each partition is in the store are written in one batch with the changes of
/// their records, so that a record takes effect once, whatever its processor does with it.
// Sendable, because the lock guards everything that is used once the store is open.
package final class GlobalStore: @unchecked Sendable {
    package let plan: StorePlan
    private let lock: any StoreLock
    private let persistent: PersistentStore?
    private let store: TaskStore
    /// The reader of the indexes' commits for operators; `nil` while the table is not complete.
    private var committedIndexes: (any StoreReader)?
    /// The store for its own processor, which writes to it.
    package let access: OperatorStore
    /// The store for all others.
    package let readOnlyAccess: OperatorStore

    /// Opens the store.
    ///
    /// - Parameter provider: opens stores on disk; without one all are kept in memory.
    package init(
        plan: StorePlan, provider: (any StoreProvider)?, lock: any StoreLock, maxBufferSizeInBytes: Int
    ) throws {
        self.plan = plan
        self.lock = lock
        let persistent = try plan.open(of: .global, from: provider)
        self.persistent = persistent
        do {
            let changes = ChangeWriter(values: plan.kind.values)
            store = try TaskStore(
                plan: plan, changelog: nil, changes: changes, persistent: persistent,
                indexes: try plan.openIndexes(of: .global, from: provider),
                context: StateStoreContext(
                    store: plan.name, taskID: TaskID.global.description, partition: TaskID.global.partition,
                    directory: plan.kind.isCustom ? try provider?.directory(of: plan, of: .global) : nil, log: changes),
                settings: .init(isCached: false, maxBufferSizeInBytes: maxBufferSizeInBytes, onExpired: {}))
            // A custom store has no record of its position in each partition.
            if plan.kind.isCustom { try store.wipe() }
        } catch {
            persistent?.close()
            throw error
        }
        access = LockedStore.of(store.access, .init(lock: lock, isReadOnly: false, name: plan.name))
        readOnlyAccess = LockedStore.of(store.access, .init(lock: lock, isReadOnly: true, name: plan.name))
    }

    /// Returns the offsets up to but excluding which the partitions are in the store.
    func positions() throws -> [Int32: Int64] { try persistent?.positions() ?? [:] }

    /// Begins to keep the store's indexes. Call it once, before anything is written.
    ///
    /// - Parameter position: the position of what is in the store already.
    package func beginIndexes(at position: Position) throws {
        try lock.withLock { store.beginIndexes(at: position) }
    }

    /// The store's indexes for those who want figures; `nil` if it has none.
    var publishedIndexes: PublishedIndexes? { store.publishedIndexes }

    /// Publishes what the store's indexes have by now without a commit.
    func refreshIndexesIfWanted() throws {
        if !plan.indexes.isEmpty { try lock.withLock { store.refreshIndexesIfWanted() } }
    }

    /// The memory of changes that are not on disk yet.
    var dirtySizeInBytes: Int { store.dirtySizeInBytes }

    /// Flushes a custom store, and drops expired entries.
    ///
    /// - Parameter position: the store's position in its topics.
    package func commit(at position: Position) throws {
        try lock.withLock {
            try store.cache?.flush()
            store.committed(position: nil, at: position, log: position)
        }
    }

    /// Begins to publish the store's contents to those who query it. Call it only when all of them are written to disk.
    ///
    /// - Returns: the reader for queries.
    package func follow(at position: Position, signal: CommitSignal) throws -> any StoreReader {
        var reader: (any StoreReader)?
        try lock.withLock { reader = try store.follow(at: position, signal: signal) }
        return reader ?? self
    }

    /// Begins to publish the store's indexes, with its contents, to the operators that search them. Call it only when all of the
    /// contents are written to disk.
    package func followIndexes(at position: Position, signal: CommitSignal) throws {
        if plan.indexes.isEmpty { return }
        try lock.withLock { committedIndexes = try store.follow(at: position, signal: signal) }
    }

    /// The indexes for the operators of the table's own processor, which see changes before they are committed.
    var ownIndexes: any IndexedStore { store }

    /// Writes everything to disk, together with its position.
    ///
    /// - Parameters:
    ///   - positions: the offsets of its topic's partitions.
    ///   - commit: the same as a position.
    func checkpoint(positions: [Int32: Int64], at commit: Position) throws {
        try self.commit(at: commit)
        guard let persistent else { return }
        try lock.withLock {
            try persistent.setPositionsWithNextBatch(positions)
            try store.checkpoint(durably: false)
        }
        // The flush takes long, and blocks nobody.
        try persistent.flush()
    }

    /// Deletes everything, positions included.
    func wipe() throws {
        try lock.withLock {
            committedIndexes = nil
            try store.wipe()
        }
    }

    /// Closes the store. Later reads throw an error.
    package func close() throws { try lock.withLock { store.close() } }
}

extension GlobalStore: IndexedStore {
    package func indexReader() throws -> any StoreReader {
        var reader: (any StoreReader)?
        try lock.withLock { reader = committedIndexes }
        guard let reader else {
            throw StreamsError(.storeUnavailable, "the global store \(plan.name) is not complete yet")
        }
        return try reader.pin().reader
    }

    package func beginRecordingChanges() -> ChangedKeys { ChangedKeys() }
    package func endRecordingChanges(_ changes: ChangedKeys) {}
}
