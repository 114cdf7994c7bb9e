/// A store of an application as its queries see it: all of its partitions that the instance has. It reads and returns bytes.
@usableFromInline
package protocol QueriedStore: AnyObject, Sendable {
    var plan: StorePlan { get }

    /// Calls `body` for the local partitions until it returns that it has found the key. The partition that Kafka's default
    /// partitioner would choose for the key comes first.
    ///
    /// - Parameter key: the bytes that choose the partition.
    /// - Throws: if the answer depends on a partition that is not here or cannot be read yet.
    func search(_ key: UnsafeRawBufferPointer, _ body: (any StoreReader) throws -> Bool) throws

    /// Returns all local partitions, in their order.
    ///
    /// - Throws: if one of them cannot be read yet, or if there are none.
    func readers() throws -> [any StoreReader]

    /// Returns the same store, each of whose partitions stays at the commit at which it is first read. For one thread.
    func pinned() -> any PinnedStore

    /// Checks that the local partitions have reached a position.
    ///
    /// - Throws: `StreamsError` with code `.positionNotReached`, `.positionMismatch`, `.storeUnavailable`, `.illegalState`.
    func check(_ position: Position) throws

    /// A number that grows with each commit, and with each partition that is added or removed.
    var changeCount: UInt64 { get }

    /// Waits until `changeCount` has another value. Returns `false` if the deadline passes first.
    func waitForChange(since count: UInt64, until deadline: ContinuousClock.Instant) async throws -> Bool

    /// Runs a read on a thread that may block.
    func perform<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result
}

/// A store whose partitions each stay at one commit.
@usableFromInline
package protocol PinnedStore: QueriedStore {
    /// The progress of the partitions that have been read, except those that have been searched for a key in vain after the key's
    /// own partition.
    var position: Position { get }

    /// Checks that the partitions that have been read had reached a position.
    ///
    /// - Throws: as `QueriedStore.check`; `.storeUnavailable` if one of them was replaced during the read.
    func check(_ position: Position) throws
}

/// The committed entries of one partition of a store, for any thread.
@usableFromInline
package protocol StoreReader: AnyObject, Sendable {
    /// Calls `body` with the value of a key, or with `nil`. The bytes are valid only during the call.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// Returns the value of a key with the position of the commit that it is from; `nil` if that takes a wait or a read of a
    /// disk. The default is `nil`.
    func valueInMemory(forKey key: UnsafeRawBufferPointer) throws -> Committed<[UInt8]?>?

    /// Returns the store as of its last commit, for several reads on the caller's thread. The result conforms to the
    /// protocol of the store's kind.
    func snapshot() throws -> any KeyValueBytesStore

    /// Returns the partition, fixed at its last commit, for the caller's thread, and the position of that commit.
    func pin() throws -> (reader: any StoreReader, position: Position)

    /// The position of the last commit.
    ///
    /// - Throws: if the partition has been closed.
    func position() throws -> Position

    /// Returns the view that a custom store has made of its last commit.
    func customView() throws -> any Sendable

    /// Returns the view that an index of the store has made of its last commit. The default throws.
    ///
    /// - Throws: `StreamsError` with code `.storeMismatch` if there is no such index; the error for which the index was closed.
    func indexView(named name: String) throws -> any Sendable

    /// The approximate number of entries and the bytes that they take; `nil` if they are unknown.
    var approximateSize: StoreSize? { get }
}

/// The approximate size of a store.
@usableFromInline
package struct StoreSize: Sendable {
    package var entryCount: Int?
    package var sizeInBytes: Int?

    package init(entryCount: Int?, sizeInBytes: Int?) {
        self.entryCount = entryCount
        self.sizeInBytes = sizeInBytes
    }
}

extension StoreReader {
    package func valueInMemory(forKey key: UnsafeRawBufferPointer) throws -> Committed<[UInt8]?>? { nil }

    package func indexView(named name: String) throws -> any Sendable {
        throw StreamsError(.storeMismatch, "the store has no index \(name)")
    }

    /// Returns a snapshot as a store of the kind that the query was made for.
    func snapshot<Kind>(as kind: Kind.Type) throws -> Kind {
        guard let store = try snapshot() as? Kind else {
            throw StreamsError(.storeMismatch, "the store cannot be read as \(kind)")
        }
        return store
    }
}

extension Serde {
    /// Returns the serde of values as the store keeps them, with or without a timestamp in front.
    func reading(_ layout: StoreKind.ValueLayout) -> Serde<Value> {
        guard layout == .timestamped else { return self }
        let inner = self
        return Serde(
            name: name, serialize: { try inner.serialize($0, into: &$1) },
            deserialize: { bytes in
                guard bytes.count >= 8 else {
                    throw SerdeError(
                        type: "timestamped \(inner.name)", message: "\(bytes.count) bytes, fewer than a timestamp's 8")
                }
                return try inner.deserialize(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(8)))
            }, partitioningSuffixCount: partitioningSuffixCount)
    }

    /// Calls `body` with a key's bytes, and with those of its bytes that choose its partition.
    @inlinable
    func withKeyBytes<Result>(
        _ key: Value, _ body: (_ key: UnsafeRawBufferPointer, _ partitioning: UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        var bytes: [UInt8] = []
        try serialize(key, into: &bytes)
        return try bytes.withUnsafeBytes {
            try body($0, UnsafeRawBufferPointer(rebasing: $0.dropLast(partitioningSuffixCount)))
        }
    }
}
