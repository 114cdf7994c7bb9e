/// A store of an application as its queries see it: all of its partitions that the instance has. Bytes in, bytes out.
@usableFromInline
package protocol QueriedStore: AnyObject, Sendable {
    var plan: StorePlan { get }

    /// Calls `body` for the partitions that are here until it returns that it has found what it looks for, that one first in
    /// which the key is if it was partitioned as Kafka does by default.
    ///
    /// - Parameter key: the bytes that choose the partition.
    /// - Throws: where a partition is not here, or cannot be read yet, that the answer depends on.
    func search(_ key: UnsafeRawBufferPointer, _ body: (any StoreReader) throws -> Bool) throws

    /// All partitions that are here, in their order.
    ///
    /// - Throws: where one of them cannot be read yet, or none is here.
    func readers() throws -> [any StoreReader]

    /// The same store, whose partitions each stay at the commit at which they are read first. For one thread.
    func pinned() -> any PinnedStore

    /// Makes sure that the partitions here have got as far as a position says of them.
    ///
    /// - Throws: `StreamsError` with code `.positionNotReached`, `.positionMismatch`, `.storeUnavailable`, `.illegalState`.
    func check(_ position: Position) throws

    /// Grows with each commit and with each partition that comes or goes.
    var changeCount: UInt64 { get }

    /// Waits until `changeCount` is another one. Returns `false` where the time was over before.
    func waitForChange(since count: UInt64, until deadline: ContinuousClock.Instant) async throws -> Bool

    /// Runs a read where it may block.
    func perform<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result
}

/// A store whose partitions each stay at one commit.
@usableFromInline
package protocol PinnedStore: QueriedStore {
    /// The progress of the partitions that have been read.
    var position: Position { get }
}

/// The committed entries of one partition of a store, for any thread.
@usableFromInline
package protocol StoreReader: AnyObject, Sendable {
    /// Calls `body` with the value of a key, or with `nil`. The bytes are valid only during the call.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// The store as of its last commit, for several reads by the caller's thread: of the protocol that its kind has.
    func snapshot() throws -> any KeyValueBytesStore

    /// The partition as it stays at its last commit, for the caller's thread, and how far that reaches.
    func pin() throws -> (reader: any StoreReader, position: Position)

    /// The position of the last commit.
    ///
    /// - Throws: where the partition has been closed.
    func position() throws -> Position

    /// The view that a custom store has made of its last commit.
    func customView() throws -> any Sendable

    /// About how many entries there are and how many bytes they take; `nil` where nobody knows.
    var approximateSize: StoreSize? { get }
}

/// About how much a store holds.
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
    /// A snapshot as a store of the kind that the query was made for.
    func snapshot<Kind>(as kind: Kind.Type) throws -> Kind {
        guard let store = try snapshot() as? Kind else {
            throw StreamsError(.storeMismatch, "the store cannot be read as \(kind)")
        }
        return store
    }
}

extension Serde {
    /// Reads values as a store keeps them, behind a timestamp or not.
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

    /// Calls `body` with a key's bytes, and with those of them that choose its partition.
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
