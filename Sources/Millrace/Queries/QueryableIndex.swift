/// The index of a store as of the last commits, with the entries of the same commits, to be read on any thread while the application
/// runs.
///
/// A library that brings a kind of index builds its searches on it. In all other respects it behaves like ``QueryableKeyValueStore``.
public struct QueryableIndex<Key, Value, View: Sendable>: Sendable {
    private let name: String
    private let store: any QueriedStore
    /// The serde of the keys; `nil` for the store's.
    private let key: Serde<Key>?

    init(_ store: any QueriedStore, named name: String, key: Serde<Key>? = nil) {
        self.store = store
        self.name = name
        self.key = key
    }

    /// A partition of the index, with the entries of the store, all of one commit.
    public struct Partition {
        /// The index of the partition.
        public let view: View
        private let reader: any StoreReader
        private let key: Serde<Key>
        private let value: Serde<Value>
        private let layout: StoreKind.ValueLayout

        /// - Parameter given: the serde of the keys; `nil` for the store's.
        /// - Throws: `StreamsError` with code `.storeMismatch` if the store or the index has other types; the error for which
        ///   the index was closed.
        init(of reader: any StoreReader, named name: String, _ plan: StorePlan, key given: Serde<Key>? = nil) throws {
            guard let serdes = plan.serdes, let key = given ?? serdes.key(as: Key.self),
                let value = serdes.value(as: Value.self)
            else { throw StreamsError(.storeMismatch, "the store \(plan.name) has no serdes of these types") }
            guard let view = try reader.indexView(named: name) as? View else {
                throw StreamsError(.storeMismatch, "the index \(name) is of another kind than \(View.self)")
            }
            self.view = view
            self.reader = reader
            self.key = key
            self.value = value
            layout = plan.kind.values
        }

        /// Returns an entry by the bytes of its key, as the store's serde writes them; `nil` if there is none.
        ///
        /// - Throws: `StreamsError` if the store cannot be read; the serdes' errors.
        public func entry(ofKeyBytes bytes: UnsafeRawBufferPointer) throws -> (key: Key, value: Value)? {
            var value: Value?
            try reader.withValue(forKey: bytes) {
                value = try $0.map { try self.value.deserialize(layout.plainValue($0)) }
            }
            return try value.map { (try key.deserialize(bytes), $0) }
        }

        /// Returns the value of a key; `nil` if there is none.
        ///
        /// - Throws: `StreamsError` if the store cannot be read; the serdes' errors.
        public func value(of key: Key) throws -> Value? {
            try self.key.bytes(of: key).withUnsafeBytes { try entry(ofKeyBytes: $0)?.value }
        }

        /// Calls a closure for each entry, in the order of the keys' bytes, until it returns `false`.
        ///
        /// - Parameter body: gets a key and a value as the store's serdes write them, valid during the call.
        /// - Throws: what `body` throws; `StreamsError` if the store cannot be read.
        public func scan(
            _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
        ) throws {
            try reader.snapshot().scan(from: nil, to: nil, reversed: false) { try body($0, layout.plainValue($1)) }
        }
    }

    /// Returns the local partitions, in their order, each as of its last commit.
    ///
    /// - Throws: `StreamsError` with code `.storeUnavailable` if one of the local partitions is being restored; `.storeElsewhere` if
    ///   there are none; the error for which the index was closed.
    public func partitions() throws -> [Partition] {
        try store.readers().map { try Partition(of: $0.pin().reader, named: name, store.plan, key: key) }
    }

    /// Reads the index as of one commit of each partition, on a thread that may block, and returns the position of these commits.
    ///
    /// - Parameters:
    ///   - position: the position that the partitions have to reach; by default the one that they have.
    ///   - limit: how long to wait for the position, and for partitions that are being restored. 1 s by default.
    ///   - body: reads the handle that it gets. It may be called again if a partition was closed in the meantime.
    /// - Throws: `StreamsError` with code `.positionNotReached`, `.positionMismatch`, `.storeUnavailable` or `.storeElsewhere`;
    ///   what `body` throws; `CancellationError`.
    public func read<Result: Sendable>(
        reaching position: Position = Position(), within limit: Duration = .seconds(1),
        _ body: @escaping @Sendable (_ index: QueryableIndex) throws -> Result
    ) async throws -> Committed<Result> {
        let (name, key) = (name, key)
        return try await store.read(reaching: position, within: limit) {
            try body(QueryableIndex($0, named: name, key: key))
        }
    }

    /// Reads the index as of one commit of each partition, on the caller's thread, and returns the position of these commits.
    ///
    /// - Throws: `StreamsError` like every read of the index; what `body` throws.
    public func readCommit<Result>(_ body: (_ index: QueryableIndex) throws -> Result) throws -> Committed<Result> {
        let pinned = store.pinned()
        return Committed(value: try body(QueryableIndex(pinned, named: name, key: key)), position: pinned.position)
    }
}

extension QueryableBytesStore {
    /// Returns an index of the store, with the bytes of its keys. Both read the same commits.
    package func index<Value, View: Sendable>(
        named name: String, value: Value.Type, view: View.Type
    ) -> QueryableIndex<[UInt8], Value, View> {
        QueryableIndex(store, named: name, key: keys)
    }

    /// Returns the value of a key as the store's serde reads it; `nil` if there is nothing under the key.
    ///
    /// - Throws: `StreamsError` with code `.storeMismatch` if the values are of another type, otherwise as every read of a store;
    ///   `SerdeError`.
    package func value<Value>(of key: [UInt8], as type: Value.Type) throws -> Value? {
        guard let serde = store.plan.serdes?.value(as: type) else {
            throw StreamsError(.storeMismatch, "the store \(store.plan.name) has no values of the type \(type)")
        }
        return try get(key).map { try $0.value.withUnsafeBytes(serde.deserialize) }
    }
}

extension StoreQuery {
    /// An index of a store.
    ///
    /// ```swift
    /// let words = try application.store(
    ///     .index("words", key: String.self, value: String.self, view: [Substring: Set<[UInt8]>].self))
    /// ```
    ///
    /// - Parameters:
    ///   - name: the index's name.
    ///   - key: the type of the store's keys.
    ///   - value: the type of the store's values.
    ///   - view: the type of the index's views.
    public static func index<Key, Value, View: Sendable>(
        _ name: String, key: Key.Type, value: Value.Type, view: View.Type
    ) -> StoreQuery where Store == QueryableIndex<Key, Value, View> {
        StoreQuery(name, StoreExpectation(kind: .indexed, types: StoreTypes(key, value))) {
            QueryableIndex($0, named: name)
        }
    }
}
