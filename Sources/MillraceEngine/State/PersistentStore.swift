package import Millrace

/// A store in an engine, below the transaction buffer: the state after a prefix of its changelog, with the position of that prefix.
///
/// The position is an entry like the others (`StoreKeyLayout` defines its key), so that one batch writes both or neither. The
/// engine sees it as one more key; here it is invisible among the users' keys. An engine that opens empty has no position, and so
/// is restored from the changelog's beginning.
package final class PersistentStore: StoredEntries {
    private let engine: any StorageEngine
    private let name: String
    private let task: TaskID
    /// Whether there is a changelog. A logged store without a position counts as empty.
    private let isLogged: Bool
    private var hasApplied = false
    /// The position that is in the engine, so that it is not written again while nothing changes.
    private var appliedPosition: Int64?
    /// Whether the store is known to be empty. An empty one need not be searched, which costs 2 µs each time in RocksDB while a new
    /// store fills.
    private var isKnownToBeEmpty = false
    /// Measures the calls of the engine; `nil` for a store that is not measured.
    @exclusivity(unchecked) var stopwatch: EngineStopwatch?
    /// The positions in several partitions that the next batch writes.
    private var nextPositions: [UInt8]?

    package init(_ engine: any StorageEngine, name: String, task: TaskID, isLogged: Bool) {
        self.engine = engine
        self.name = name
        self.task = task
        self.isLogged = isLogged
    }

    // MARK: Entries

    /// Calls `body` with the value of a key, or with `nil`; the bytes are valid only during the call.
    package func withValue(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        if isKnownToBeEmpty { return try body(nil) }
        try StoreKeyLayout.withStoredKey(of: key) { stored in
            try telling(.get) { failure in
                try engine.withValue(forKey: stored) { value in
                    do { try body(value) } catch {
                        failure = error
                        throw error
                    }
                }
            }
        }
    }

    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        // No engine is asked for a range whose bounds are in the wrong order.
        if let upper, !(lower ?? []).lexicographicallyPrecedes(upper) { return }
        try telling(.scan) { failure in
            try engine.scan(
                from: lower.map(StoreKeyLayout.storedKey), to: upper.map(StoreKeyLayout.storedKey), reversed: reversed
            ) { stored, value in
                do {
                    return try StoreKeyLayout.withUserKey(of: stored) { try body($0, value) } ?? true
                } catch {
                    failure = error
                    throw error
                }
            }
        }
    }

    /// Deletes every key below a bound, then applies writes and, unless it is `nil`, their position, all or nothing.
    package func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]? = nil, position: Int64?) throws {
        let isNewPosition = position != nil && position != appliedPosition
        if writes.isEmpty, bound == nil, !isNewPosition, nextPositions == nil { return }
        hasApplied = true
        isKnownToBeEmpty = false
        if let bound, !StoreKeyLayout.isBelowMetadataKeys(bound) {
            throw StreamsError(.illegalState, "a bound above the store's metadata keys", task: task.description)
        }
        let metadata =
            nextPositions.map { (StoreKeyLayout.positions, $0) }
            ?? position.map { (StoreKeyLayout.position, $0.bigEndianBytes) }
        try Self.withStoredKeys(of: writes) { writes in
            guard let (key, value) = metadata else {
                return try telling(.write) { _ in try engine.apply(writes, droppingBelow: bound) }
            }
            try key.withUnsafeBytes { key in
                try value.withUnsafeBytes { value in
                    let writes = writes + [StoreWrite(key: key, value: value)]
                    try telling(.write) { _ in try engine.apply(writes, droppingBelow: bound) }
                }
            }
        }
        if nextPositions == nil, position != nil { appliedPosition = position }
        nextPositions = nil
    }

    private static func withStoredKeys(of writes: [StoreWrite], _ body: ([StoreWrite]) throws -> Void) throws {
        guard writes.contains(where: { StoreKeyLayout.isMoved($0.key) }) else { return try body(writes) }
        let stored = writes.map { StoreKeyLayout.storedKey(of: Array($0.key)) }
        try stored.flatMap { $0 }.withUnsafeBytes { bytes in
            var writes = writes
            var start = 0
            for (index, key) in stored.enumerated() {
                writes[index].key = UnsafeRawBufferPointer(rebasing: bytes[start..<start + key.count])
                start += key.count
            }
            try body(writes)
        }
    }

    // MARK: Positions

    /// Returns the store's position in its changelog; `nil` for an empty store.
    package func position() throws -> Int64? {
        let position = try metadata(StoreKeyLayout.position) { value in
            guard let position = Int64(bigEndianBytes: value) else { throw damage("a position", value) }
            return position
        }
        appliedPosition = position
        isKnownToBeEmpty = try isLogged && position == nil && !hasApplied && positions().isEmpty
        return position
    }

    /// Sets the store's position in each of several partitions as of the next batch, which writes it. Positions of other partitions
    /// are kept. Such a store has no single position.
    package func setPositionsWithNextBatch(_ positions: [Int32: Int64]) throws {
        var merged = try self.positions()
        merged.merge(positions) { $1 }
        nextPositions = merged.sorted { $0.key < $1.key }.flatMap { $0.key.bigEndianBytes + $0.value.bigEndianBytes }
    }

    /// Returns the positions in several partitions; none for an empty store.
    package func positions() throws -> [Int32: Int64] {
        try metadata(StoreKeyLayout.positions) { value in
            guard value.count % 12 == 0 else { throw damage("positions", value) }
            return stride(from: 0, to: value.count, by: 12).reduce(into: [:]) { positions, start in
                let partition = Int32(bigEndian: value.loadUnaligned(fromByteOffset: start, as: Int32.self))
                positions[partition] = Int64(bigEndian: value.loadUnaligned(fromByteOffset: start + 4, as: Int64.self))
            }
        } ?? [:]
    }

    private func metadata<Value>(_ key: [UInt8], _ decode: (UnsafeRawBufferPointer) throws -> Value) throws -> Value? {
        var found: Value?
        try telling { _ in
            try key.withUnsafeBytes { key in
                try engine.withValue(forKey: key) { value in found = try value.map(decode) }
            }
        }
        return found
    }

    private func damage(_ what: String, _ value: UnsafeRawBufferPointer) -> StreamsError {
        StreamsError(
            .stateStore, "store \(name) has \(what) of \(value.count) bytes; delete its folder to have it restored",
            task: task.description)
    }

    // MARK: Life

    /// Makes everything that was applied so far survive the end of the process.
    package func flush() throws { try telling(.flush) { _ in try engine.flush() } }

    /// Deletes everything, including the position.
    package func removeAll() throws {
        try telling { _ in try engine.removeAll() }
        hasApplied = false
        appliedPosition = nil
        nextPositions = nil
    }

    package func close() { engine.close() }

    /// The entries that other threads may read; `nil` if the engine does not support that.
    package var concurrentEntries: (any ConcurrentEntries)? { engine.reader.map(ReaderEntries.init) }

    /// Turns an engine's error into one of the store. An error of the caller's own closure is thrown unchanged.
    ///
    /// - Parameter call: the call that is measured; `nil` for one that is not.
    @inline(__always)
    private func telling<Result>(
        _ call: EngineCall? = nil, _ body: (_ callersFailure: inout (any Error)?) throws -> Result
    ) throws -> Result {
        var failure: (any Error)?
        do {
            guard let call, let stopwatch else { return try body(&failure) }
            return try stopwatch.during(call) { try body(&failure) }
        } catch {
            if let failure { throw failure }
            if error is StreamsError { throw error }
            throw StreamsError(
                .stateStore, "the engine of store \(name) failed", task: task.description, underlying: error)
        }
    }
}

extension PersistentStore {
    fileprivate convenience init(_ engine: any StorageEngine, of plan: StorePlan, task: TaskID) {
        self.init(engine, name: plan.name, task: task, isLogged: plan.changelogTopic != nil || task == .global)
    }
}

extension StoreProvider {
    /// Opens a store that the provider keeps.
    package func openStore(_ store: StorePlan, of task: TaskID) throws -> PersistentStore {
        PersistentStore(try open(store, of: task), of: store, task: task)
    }
}

extension StorePlan {
    /// Opens the engine of the store's entries; returns `nil` if they are kept in memory.
    func open(of task: TaskID, from provider: (any StoreProvider)?) throws -> PersistentStore? {
        guard kind.isKeptInEngine else { return nil }
        let engine: (any StorageEngine)? =
            switch supplier?.choice ?? .ofInstance {
            case .memory: nil
            case .ofInstance: try provider?.open(self, of: task)
            case .custom(let open): try provider?.open(self, of: task) ?? engine(from: open, of: task, in: nil)
            }
        return engine.map { PersistentStore($0, of: self, task: task) }
    }

    /// Makes a custom engine for the store.
    package func engine(
        from open: (StorageEngineContext) throws -> any StorageEngine, of task: TaskID, in directory: String?
    ) throws -> any StorageEngine {
        do {
            return try open(StorageEngineContext(store: name, taskID: task.description, directory: directory))
        } catch let error as StreamsError {
            throw error
        } catch {
            throw StreamsError(
                .stateStore, "the engine of store \(name) cannot be opened", task: task.description, underlying: error)
        }
    }
}
