/// The committed state of a key-value store, to be read on any thread while the application runs.
///
/// ```swift
/// let scores = try application.store(.keyValue("risk-store", key: .string, value: .double))
/// let score = try scores.get("acct-1")
/// let some = try scores.entries(from: "acct-1", through: "acct-2", limit: 100)
/// let count = try scores.count()
/// ```
///
/// A read returns the state of the last commit, and so no more than Kafka has as the application's results. It covers this
/// instance's partitions only. A handle stays valid across rebalances and may be kept; a read throws if a partition is not
/// here (any more) or is not ready yet. A read takes a few hundred nanoseconds if the value is in memory, some microseconds
/// if it is on disk, and never blocks the processing of records. Kafka: `ReadOnlyKeyValueStore`.
public struct QueryableKeyValueStore<Key, Value>: Sendable {
    @usableFromInline let partitions: QueriedPartitions<Key, Value>

    init(_ store: any QueriedStore, key: Serde<Key>, value: Serde<Value>) {
        partitions = QueriedPartitions(store, key: key, value: value)
    }

    init(_ partitions: QueriedPartitions<Key, Value>) { self.partitions = partitions }

    /// The value of a key, or `nil`.
    ///
    /// It is looked up in the partition that Kafka's default partitioner chooses for the key, and then in the other local
    /// partitions, since a topic may be partitioned in another way.
    ///
    /// - Throws: `StreamsError` with code `.storeElsewhere` if no local partition has the key and another instance owns the
    ///   one that should; `.storeUnavailable` if that partition is here but being restored; `.illegalState` if the
    ///   application has ended. `SerdeError` if the stored bytes are not a value of the type.
    @inlinable
    public func get(_ key: Key) throws -> Value? {
        try partitions.first(for: key) { partition, keyBytes in
            var found: Value?
            try partition.withValue(forKey: keyBytes) { bytes in
                if let bytes { found = try partitions.valueSerde.deserialize(bytes) }
            }
            return found
        }
    }

    /// The entries of this instance's partitions in the order of the keys' bytes. All entries of one partition are from one
    /// commit. Kafka: `range`, `reverseRange`, `all`, `reverseAll`.
    ///
    /// - Parameters:
    ///   - lower: the first key; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - reversed: whether the last key comes first.
    ///   - limit: how many entries at most.
    /// - Throws: `StreamsError` with code `.storeUnavailable` if one of the local partitions is being restored;
    ///   `.storeElsewhere` if there are none.
    public func entries(
        from lower: Key? = nil, through upper: Key? = nil, reversed: Bool = false, limit: Int = .max
    ) throws -> [(key: Key, value: Value)] {
        try entries(
            from: lower.map(partitions.keySerde.bytes), to: upper.map(partitions.keySerde.bytes)?.successor,
            reversed: reversed, limit: limit)
    }

    /// The entries whose keys' bytes begin with given bytes. Kafka: `prefixScan`.
    ///
    /// - Parameters:
    ///   - prefix: the bytes that keys begin with.
    ///   - reversed: whether the last key comes first.
    ///   - limit: how many at most; all by default.
    /// - Throws: `StreamsError` with code `.storeUnavailable` if the store cannot be read yet, `.storeElsewhere` if another
    ///   instance has the partition, `.illegalState` if the application has ended; the serdes' errors.
    public func entries(
        withPrefix prefix: [UInt8], reversed: Bool = false, limit: Int = .max
    ) throws -> [(key: Key, value: Value)] {
        try entries(from: prefix, to: prefix.endOfPrefix, reversed: reversed, limit: limit)
    }

    /// The number of entries in this instance's partitions. They are counted one by one. Kafka: `approximateNumEntries`.
    ///
    /// - Throws: `StreamsError` with code `.storeUnavailable` if the store cannot be read yet, `.storeElsewhere` if another
    ///   instance has the partition, `.illegalState` if the application has ended; the serdes' errors.
    public func count() throws -> Int {
        try partitions.store.readers().reduce(0) { try $0 + $1.snapshot().countEntries() }
    }

    private func entries(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool, limit: Int
    ) throws -> [(key: Key, value: Value)] {
        let (keySerde, valueSerde) = (partitions.keySerde, partitions.valueSerde)
        let parts = try partitions.store.readers().map { partition in
            try partition.snapshot().entries(from: lower, to: upper, reversed: reversed, limit: limit) { key, value in
                OrderedEntry(
                    order: Array(key),
                    entry: (key: try keySerde.deserialize(key), value: try valueSerde.deserialize(value)))
            }
        }
        return merge(parts, reversed: reversed, limit: limit)
    }
}

/// An entry with the bytes that order it among the entries of other partitions.
struct OrderedEntry<Entry> {
    let order: [UInt8]
    let entry: Entry
}

/// Merges the entries of several partitions into one order.
func merge<Entry>(_ parts: [[OrderedEntry<Entry>]], reversed: Bool = false, limit: Int = .max) -> [Entry] {
    var all = parts.flatMap { $0 }
    if parts.count > 1 {
        all.sort {
            reversed ? $1.order.lexicographicallyPrecedes($0.order) : $0.order.lexicographicallyPrecedes($1.order)
        }
    }
    return all.prefix(limit).map(\.entry)
}

extension StoreQuery {
    /// A key-value store or a table's store; timestamps that it keeps with the values are not returned. Kafka:
    /// `QueryableStoreTypes.keyValueStore`.
    ///
    /// ```swift
    /// let scores = try application.store(.keyValue("risk-store", key: .string, value: .double))
    /// ```
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde, as that of the store.
    ///   - value: the values' serde, as that of the store.
    public static func keyValue<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) -> StoreQuery where Store == QueryableKeyValueStore<Key, Value> {
        StoreQuery(name, StoreExpectation(kind: .keyValue, types: StoreTypes(Key.self, Value.self))) { store in
            QueryableKeyValueStore(store, key: key, value: value.reading(store.plan.kind.values))
        }
    }

    /// A table's store, or another one that keeps timestamps with its values. Kafka:
    /// `QueryableStoreTypes.timestampedKeyValueStore`.
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde, as that of the store.
    ///   - value: the values' serde, as that of the store.
    public static func timestampedKeyValue<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) -> StoreQuery where Store == QueryableKeyValueStore<Key, ValueAndTimestamp<Value>> {
        StoreQuery(name, StoreExpectation(kind: .timestampedKeyValue, types: StoreTypes(Key.self, Value.self))) {
            QueryableKeyValueStore($0, key: key, value: .timestamped(value))
        }
    }
}
