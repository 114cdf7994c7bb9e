/// What a store keeps its entries in: a map from bytes to bytes in the order of its keys. RocksDB is one, and so can be
/// whatever a module of yours brings along.
///
/// An engine knows nothing of topologies. Whether its entries are a table's values, windows, sessions or versions is decided
/// above it, and so are transactions: what a task writes waits in a buffer over the engine, and comes down by ``apply(_:droppingBelow:)``
/// only once it is committed. Beside the entries lies, as one entry more, how far the store has got in its changelog; after
/// a restart what is missing comes from there. So an engine has three duties:
///
/// - A call of ``apply(_:droppingBelow:)`` has its effect as a whole or not at all, also where the process is killed within it.
/// - After ``flush()`` everything applied before survives the end of the process. Of what was applied later a beginning may
///   survive, but nothing behind a gap.
/// - Where it finds itself damaged, or keeps nothing beyond the process anyway, it opens empty: a logged store is filled
///   from its changelog.
///
/// It is used by one thread at a time. A ``StoreSupplier`` makes engines and gives them to stores. Kafka: `StateStore` and what
/// is below it, as a `KeyValueBytesStoreSupplier`, `WindowBytesStoreSupplier`, `SessionBytesStoreSupplier` or
/// `VersionedBytesStoreSupplier` makes them; here one protocol serves all of them.
///
/// Whatever a method throws that is no `StreamsError` is told as one with code `.stateStore`.
public protocol StorageEngine: AnyObject {
    /// Calls `body` once, with the value of a key, or with `nil` where it has none.
    ///
    /// `body` may read the engine, but does not change it; the bytes need to be valid only until it returns.
    ///
    /// - Parameters:
    ///   - key: the key's bytes; valid until the call returns.
    ///   - body: gets the value's bytes.
    /// - Throws: the engine's errors, which become a `StreamsError` with code `.stateStore`; whatever `body` throws,
    ///   unchanged.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// Calls `body` for the keys from `lower` up to and without `upper`, in the order of their bytes, until it returns `false`.
    ///
    /// Bytes are compared as unsigned numbers, and what is the beginning of something else comes before it. `body` may read
    /// the engine, but does not change it. A scan should cost what it visits, not what the range holds.
    ///
    /// - Parameters:
    ///   - lower: the lowest key; `nil` for no bound.
    ///   - upper: what is above the highest key; `nil` for no bound. Never below `lower`.
    ///   - reversed: whether the highest key comes first.
    ///   - body: gets key and value, and says whether to go on.
    /// - Throws: the engine's errors, which become a `StreamsError` with code `.stateStore`; whatever `body` throws,
    ///   unchanged.
    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool) throws

    /// Deletes every key below a bound, then applies writes, all or nothing.
    ///
    /// - Parameters:
    ///   - writes: of two of the same key the later one counts. Their bytes are valid until the call returns. They come
    ///     sorted where that is cheap, but need not.
    ///   - bound: what has expired in a store of windows or sessions; `nil` where nothing has.
    /// - Throws: anything; it reaches the operator as a `StreamsError` with code `.stateStore`, and ends the task.
    func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?) throws

    /// Makes everything applied so far survive the end of the process; nothing in an engine that never survives it.
    ///
    /// - Throws: anything; it reaches the operator as a `StreamsError` with code `.stateStore`, and ends the task.
    func flush() throws

    /// Deletes everything, at once and for good.
    ///
    /// - Throws: anything; it reaches the operator as a `StreamsError` with code `.stateStore`, and ends the task.
    func removeAll() throws

    /// Lets go of what the engine holds. Closing again does nothing; anything else throws from then on.
    func close()

    /// What other threads may read while this one writes, for those who query a store; `nil`, the default, has a copy of the
    /// entries kept in memory for them.
    ///
    /// ``close()`` and ``removeAll()`` wait for what has been begun through it.
    var reader: (any StorageReader)? { get }
}

extension StorageEngine {
    public var reader: (any StorageReader)? { nil }
}

/// The entries of a ``StorageEngine`` for threads that do not write to it.
public protocol StorageReader: AnyObject, Sendable {
    /// Calls `body` once, with the value of a key, or with `nil` where it has none; the bytes need to be valid only until it
    /// returns.
    ///
    /// - Parameters:
    ///   - key: the key's bytes; valid until the call returns.
    ///   - body: gets the value's bytes.
    /// - Throws: the engine's errors, which become a `StreamsError` with code `.stateStore`; whatever `body` throws,
    ///   unchanged.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// The entries as they are now, whatever is applied later. It is used by one thread, and not for long.
    ///
    /// - Throws: anything; it reaches the operator as a `StreamsError` with code `.stateStore`, and ends the task.
    func snapshot() throws -> any StorageSnapshot

    /// About how many entries there are, for those who watch; `nil`, the default, where the engine does not know.
    var approximateEntryCount: Int? { get }

    /// About how many bytes they take; `nil`, the default, where the engine does not know.
    var approximateSizeInBytes: Int? { get }
}

extension StorageReader {
    public var approximateEntryCount: Int? { nil }
    public var approximateSizeInBytes: Int? { nil }
}

/// The entries of a ``StorageEngine`` as they were at one moment.
public protocol StorageSnapshot: AnyObject {
    /// As that of ``StorageEngine``.
    ///
    /// - Parameters:
    ///   - key: the key's bytes; valid until the call returns.
    ///   - body: gets the value's bytes.
    /// - Throws: the engine's errors, which become a `StreamsError` with code `.stateStore`; whatever `body` throws,
    ///   unchanged.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// As that of ``StorageEngine``.
    ///
    /// - Parameters:
    ///   - lower: the lowest key; `nil` for no bound.
    ///   - upper: what is above the highest key; `nil` for no bound.
    ///   - reversed: whether the highest key comes first.
    ///   - body: gets key and value, and says whether to go on.
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
