/// The storage of a store's entries: a map from bytes to bytes in the order of its keys. RocksDB is one; a module of yours
/// can supply another.
///
/// An engine knows nothing of topologies. The layers above it decide whether its entries are a table's values, windows,
/// sessions or versions, and they handle transactions: a task's writes wait in a buffer above the engine and reach
/// ``apply(_:droppingBelow:)`` only once they are committed. One further entry records how far the store has got in its
/// changelog; after a restart the store is restored from there. So an engine has three duties:
///
/// - A call of ``apply(_:droppingBelow:)`` takes effect completely or not at all, even if the process is killed during it.
/// - After ``flush()`` everything applied earlier survives the end of the process. Of the later writes a first part may
///   survive, but none after a gap.
/// - If it is damaged, or keeps nothing beyond the process anyway, it opens empty: a logged store is restored from its
///   changelog.
///
/// One thread at a time uses it. A ``StoreSupplier`` makes engines and gives them to stores. Kafka: `StateStore` and the
/// layers below it, as a `KeyValueBytesStoreSupplier`, `WindowBytesStoreSupplier`, `SessionBytesStoreSupplier` or
/// `VersionedBytesStoreSupplier` makes them; here one protocol serves all of them.
///
/// An error that is not a `StreamsError` is reported as one with code `.stateStore`.
public protocol StorageEngine: AnyObject {
    /// Calls `body` once, with the value of a key, or with `nil` if it has none.
    ///
    /// `body` may read the engine, but does not change it; the bytes need to be valid only until it returns.
    ///
    /// - Parameters:
    ///   - key: the key's bytes; valid until the call returns.
    ///   - body: gets the value's bytes.
    /// - Throws: the engine's errors, which become a `StreamsError` with code `.stateStore`; whatever `body` throws,
    ///   unchanged.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// Calls `body` for the keys from `lower` up to but excluding `upper`, in the order of their bytes, until it returns
    /// `false`.
    ///
    /// Bytes are compared as unsigned numbers, and a prefix precedes everything that begins with it. `body` may read the
    /// engine, but does not change it. The cost of a scan should depend on the entries visited, not on the size of the
    /// range.
    ///
    /// - Parameters:
    ///   - lower: the lowest key; `nil` for no bound.
    ///   - upper: the bound above the highest key; `nil` for no bound. Never below `lower`.
    ///   - reversed: whether the highest key comes first.
    ///   - body: gets key and value, and returns whether to continue.
    /// - Throws: the engine's errors, which become a `StreamsError` with code `.stateStore`; whatever `body` throws,
    ///   unchanged.
    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool) throws

    /// Deletes every key below a bound, then applies writes; all of it takes effect or nothing.
    ///
    /// - Parameters:
    ///   - writes: of two writes of the same key the later one counts. Their bytes are valid until the call returns. They
    ///     are sorted if that is cheap, but need not be.
    ///   - bound: the bound below which everything has expired in a store of windows or sessions; `nil` if nothing has.
    /// - Throws: anything; it reaches the operator as a `StreamsError` with code `.stateStore`, and ends the task.
    func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?) throws

    /// Makes everything applied so far survive the end of the process. Does nothing in an engine that never outlives it.
    ///
    /// - Throws: anything; it reaches the operator as a `StreamsError` with code `.stateStore`, and ends the task.
    func flush() throws

    /// Deletes everything, immediately and permanently.
    ///
    /// - Throws: anything; it reaches the operator as a `StreamsError` with code `.stateStore`, and ends the task.
    func removeAll() throws

    /// Releases the engine's resources. Closing again does nothing; every other call throws from then on.
    func close()

    /// The reader for other threads, which query the store while this one writes. If it is `nil`, the default, a copy of the
    /// entries is kept in memory for them.
    ///
    /// ``close()`` and ``removeAll()`` wait for reads that have begun through it.
    var reader: (any StorageReader)? { get }
}

extension StorageEngine {
    public var reader: (any StorageReader)? { nil }
}

/// The entries of a ``StorageEngine`` for threads that do not write to it.
public protocol StorageReader: AnyObject, Sendable {
    /// Calls `body` once, with the value of a key, or with `nil` if it has none; the bytes need to be valid only until it
    /// returns.
    ///
    /// - Parameters:
    ///   - key: the key's bytes; valid until the call returns.
    ///   - body: gets the value's bytes.
    /// - Throws: the engine's errors, which become a `StreamsError` with code `.stateStore`; whatever `body` throws,
    ///   unchanged.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// Does the same as ``withValue(forKey:_:)``, but only if the call neither waits nor reads a disk: it may come from a thread
    /// that must not block. By default it does nothing, so that every read takes another thread.
    ///
    /// - Parameters:
    ///   - key: the key's bytes; valid until the call returns.
    ///   - body: gets the value's bytes.
    /// - Returns: whether `body` was called.
    /// - Throws: the engine's errors, which become a `StreamsError` with code `.stateStore`; whatever `body` throws,
    ///   unchanged.
    func withValueInMemory(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws -> Bool

    /// Returns the entries as they are now, regardless of later writes. One thread uses the result, for a short time.
    ///
    /// - Throws: anything; it reaches the operator as a `StreamsError` with code `.stateStore`, and ends the task.
    func snapshot() throws -> any StorageSnapshot

    /// The approximate number of entries, for monitoring; `nil`, the default, if the engine does not know.
    var approximateEntryCount: Int? { get }

    /// The approximate number of bytes that they take; `nil`, the default, if the engine does not know.
    var approximateSizeInBytes: Int? { get }
}

extension StorageReader {
    public func withValueInMemory(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws -> Bool { false }

    public var approximateEntryCount: Int? { nil }
    public var approximateSizeInBytes: Int? { nil }
}

/// The entries of a ``StorageEngine`` as they were at one moment.
public protocol StorageSnapshot: AnyObject {
    /// Does the same as that of ``StorageEngine``.
    ///
    /// - Parameters:
    ///   - key: the key's bytes; valid until the call returns.
    ///   - body: gets the value's bytes.
    /// - Throws: the engine's errors, which become a `StreamsError` with code `.stateStore`; whatever `body` throws,
    ///   unchanged.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// Does the same as that of ``StorageEngine``.
    ///
    /// - Parameters:
    ///   - lower: the lowest key; `nil` for no bound.
    ///   - upper: the bound above the highest key; `nil` for no bound.
    ///   - reversed: whether the highest key comes first.
    ///   - body: gets key and value, and returns whether to continue.
    /// - Throws: the engine's errors, which become a `StreamsError` with code `.stateStore`; whatever `body` throws,
    ///   unchanged.
    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool) throws
}

/// A write to a store: a key with its new value, or with `nil` to delete it.
public struct StoreWrite {
    /// The key's bytes, which the write does not own.
    public var key: UnsafeRawBufferPointer
    /// The value's bytes, which the write does not own; `nil` deletes the key.
    public var value: UnsafeRawBufferPointer?

    /// Makes a write of bytes, which have to stay valid for as long as it is used.
    ///
    /// - Parameters:
    ///   - key: the key's bytes.
    ///   - value: the value's bytes; `nil` deletes the key.
    public init(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        self.key = key
        self.value = value
    }
}
