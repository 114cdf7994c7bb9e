/// The committed state of a window store, to be read on any thread while the application runs.
///
/// ```swift
/// let views = try application.store(.window("views-per-minute", key: .string, value: .int64))
/// for (startMs, count) in try views.fetch("/home", starting: 0...60_000) { print(startMs, count) }
/// let pages = try views.fetchAll(from: "/a", through: "/m", limit: 100)
/// ```
///
/// In all other respects it behaves like ``QueryableKeyValueStore``. Kafka: `ReadOnlyWindowStore`.
public struct QueryableWindowStore<Key, Value>: Sendable {
    let partitions: QueriedPartitions<Key, Value>

    init(_ store: any QueriedStore, key: Serde<Key>, value: Serde<Value>) {
        partitions = QueriedPartitions(store, key: key, value: value)
    }

    init(_ partitions: QueriedPartitions<Key, Value>) { self.partitions = partitions }

    /// The value of a key in the window that starts at a moment, or `nil`.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - startMs: the window's start, in milliseconds since the epoch.
    /// - Throws: `StreamsError` with code `.storeUnavailable` if the store cannot be read yet, `.storeElsewhere`
    ///   if another instance has the partition, `.illegalState` if the application has ended; the serdes' errors.
    public func fetch(_ key: Key, startMs: Int64) throws -> Value? {
        try partitions.first(for: key) { partition, _ in try view(of: partition).fetch(key, startMs: startMs) }
    }

    /// The values of a key in the windows that start within a range, the oldest first. Kafka: `fetch`, `backwardFetch`.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - startsMs: the range that windows start in, in milliseconds since the epoch; all by default.
    ///   - reversed: whether the newest comes first.
    ///   - limit: how many at most.
    /// - Throws: `StreamsError` with code `.storeUnavailable` if the store cannot be read yet, `.storeElsewhere`
    ///   if another instance has the partition, `.illegalState` if the application has ended; the serdes' errors.
    public func fetch(
        _ key: Key, starting startsMs: ClosedRange<Int64> = 0...Int64.max, reversed: Bool = false, limit: Int = .max
    ) throws -> [(startMs: Int64, value: Value)] {
        try partitions.entries(of: key) { partition, _ in
            try view(of: partition).fetch(key, starting: startsMs, reversed: reversed, limit: limit)
        }
    }

    /// The windows of a range of keys, or of all keys, of this instance's partitions that start within a range. In each
    /// partition the older segments of time come first; within a segment the order is that of the keys. Kafka: `fetch`,
    /// `fetchAll`, `all`, and their backward forms.
    ///
    /// - Parameters:
    ///   - lower: the first key; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - startsMs: the range that windows start in, in milliseconds since the epoch; all by default.
    ///   - reversed: whether the order is the opposite in each partition.
    ///   - limit: how many at most.
    /// - Throws: `StreamsError` with code `.storeUnavailable` if the store cannot be read yet, `.storeElsewhere`
    ///   if another instance has the partition, `.illegalState` if the application has ended; the serdes' errors.
    public func fetchAll(
        from lower: Key? = nil, through upper: Key? = nil, starting startsMs: ClosedRange<Int64> = 0...Int64.max,
        reversed: Bool = false, limit: Int = .max
    ) throws -> [(key: Key, startMs: Int64, value: Value)] {
        try partitions.entries(limit: limit) { partition, take in
            try view(of: partition).fetchAll(from: lower, through: upper, starting: startsMs, reversed: reversed) {
                take(($0, $1, $2))
            }
        }
    }

    private func view(of partition: any StoreReader) throws -> WindowStore<Key, Value> {
        WindowStore(
            try partition.snapshot(as: (any OrderedBytesStore).self), key: partitions.keySerde,
            value: partitions.valueSerde)
    }
}

extension StoreQuery {
    /// A window store; timestamps that it keeps with the values are not returned. Kafka: `QueryableStoreTypes.windowStore`.
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde, as that of the store.
    ///   - value: the values' serde, as that of the store.
    public static func window<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) -> StoreQuery where Store == QueryableWindowStore<Key, Value> {
        StoreQuery(name, StoreExpectation(kind: .window, types: StoreTypes(Key.self, Value.self))) { store in
            QueryableWindowStore(store, key: key, value: value.reading(store.plan.kind.values))
        }
    }

    /// The store of a windowed aggregation, with the values' timestamps. Kafka:
    /// `QueryableStoreTypes.timestampedWindowStore`.
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde, as that of the store.
    ///   - value: the values' serde, as that of the store.
    public static func timestampedWindow<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) -> StoreQuery where Store == QueryableWindowStore<Key, ValueAndTimestamp<Value>> {
        StoreQuery(name, StoreExpectation(kind: .timestampedWindow, types: StoreTypes(Key.self, Value.self))) {
            QueryableWindowStore($0, key: key, value: .timestamped(value))
        }
    }
}
