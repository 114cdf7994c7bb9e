package import Millrace

/// What keeps the threads apart that use a global store: the one that fills it, and the workers that read it.
package protocol StoreLock: Sendable {
    func withLock(_ body: () throws -> Void) throws
}

/// For one thread.
package struct NoStoreLock: StoreLock {
    package init() {}
    package func withLock(_ body: () throws -> Void) throws { try body() }
}

/// The store of a global table, which all tasks of an instance read. Kafka: `GlobalStateManagerImpl`.
///
/// Its topic is its log: the positions up to which each partition is in the store lie beside the data. Data may be ahead of
/// them, for to apply a record twice changes nothing once the records behind it are applied again too.
// Sendable, because the lock guards everything that is used once the store is open.
package final class GlobalStore: KeyValueBytesStore, @unchecked Sendable {
    package let plan: StorePlan
    private let lock: any StoreLock
    private let maxBufferSizeInBytes: Int
    private var backing: Backing

    private enum Backing {
        case memory(InMemoryKeyValueStore)
        case disk(PersistentStore, TransactionBuffer)

        var bytes: any KeyValueBytesStore {
            switch self {
            case .memory(let store): store
            case .disk(_, let buffer): buffer
            }
        }
    }

    package init(
        plan: StorePlan, persistent: (PersistentStore)?, lock: any StoreLock, maxBufferSizeInBytes: Int
    ) {
        self.plan = plan
        self.lock = lock
        self.maxBufferSizeInBytes = maxBufferSizeInBytes
        backing = Self.backing(persistent, maxBufferSizeInBytes)
    }

    private static func backing(_ persistent: (PersistentStore)?, _ maxBufferSizeInBytes: Int) -> Backing {
        guard let persistent else { return .memory(InMemoryKeyValueStore()) }
        return .disk(persistent, TransactionBuffer(over: persistent, maxSizeInBytes: maxBufferSizeInBytes))
    }

    package func withValue(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        try lock.withLock { try backing.bytes.withValue(forKey: key, body) }
    }

    package func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        try lock.withLock { try backing.bytes.put(key: key, value: value, timestampMs: timestampMs) }
    }

    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try lock.withLock { try backing.bytes.scan(from: lower, to: upper, reversed: reversed, body) }
    }

    /// The offsets up to and without which the partitions are in the store.
    func positions() throws -> [Int32: Int64] {
        if case .disk(let store, _) = backing { try store.positions() } else { [:] }
    }

    /// The memory of changes that are not on disk yet.
    var dirtySizeInBytes: Int {
        if case .disk(_, let buffer) = backing { buffer.dirtySizeInBytes } else { 0 }
    }

    /// Writes everything down to disk, then how far it reaches.
    func checkpoint(positions: [Int32: Int64]) throws {
        guard case .disk(let store, let buffer) = backing else { return }
        try lock.withLock { try buffer.writeDown(position: nil) }
        try store.setPositions(positions)
        try store.flush()
    }

    /// Deletes everything, positions included.
    func wipe() throws {
        try lock.withLock {
            var persistent: (PersistentStore)?
            if case .disk(let store, _) = backing { persistent = store }
            try persistent?.removeAll()
            backing = Self.backing(persistent, maxBufferSizeInBytes)
        }
    }

    /// Closes the store. Whoever reads it later gets an error.
    func close() throws {
        try lock.withLock { if case .disk(let store, _) = backing { store.close() } }
    }
}
