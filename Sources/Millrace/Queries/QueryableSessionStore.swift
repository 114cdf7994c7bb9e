/// The committed state of a session store, to be read on any thread while the application runs.
///
/// ```swift
/// let visits = try application.store(.session("visits", key: .string, value: .int64))
/// let latest = try visits.fetch("user-1", endingAtOrAfter: 3_600_000)
/// let all = try visits.fetchAll(ending: 0...3_600_000)
/// ```
///
/// In all other respects it behaves like ``QueryableKeyValueStore``. Kafka: `ReadOnlySessionStore`.
public struct QueryableSessionStore<Key, Value>: Sendable {
    let partitions: QueriedPartitions<Key, Value>

    init(_ store: any QueriedStore, key: Serde<Key>, value: Serde<Value>) {
        partitions = QueriedPartitions(store, key: key, value: value)
    }

    init(_ partitions: QueriedPartitions<Key, Value>) { self.partitions = partitions }

    /// The value of one session, or `nil`. Kafka: `fetchSession`.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - session: the session, given by the times of its first and last record.
    /// - Throws: `StreamsError` with code `.storeUnavailable` if the store cannot be read yet, `.storeElsewhere`
    ///   if another instance has the partition, `.illegalState` if the application has ended; the serdes' errors.
    public func fetch(_ key: Key, _ session: Window) throws -> Value? {
        try partitions.first(for: key) { partition, _ in try view(of: partition).fetch(key, session) }
    }

    /// The sessions of a key that end at or after one moment and start at or before another one, ordered by their ends.
    /// Kafka: `findSessions`, `fetch`, and their backward forms.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - earliestEndMs: when a session ends at the earliest, in milliseconds since the epoch; 0 by default.
    ///   - latestStartMs: when a session starts at the latest, in milliseconds since the epoch; no bound by default.
    ///   - reversed: whether the session that ends last comes first.
    ///   - limit: how many at most.
    /// - Throws: `StreamsError` with code `.storeUnavailable` if the store cannot be read yet, `.storeElsewhere`
    ///   if another instance has the partition, `.illegalState` if the application has ended; the serdes' errors.
    public func fetch(
        _ key: Key, endingAtOrAfter earliestEndMs: Int64 = 0, startingAtOrBefore latestStartMs: Int64 = .max,
        reversed: Bool = false, limit: Int = .max
    ) throws -> [(session: Window, value: Value)] {
        try partitions.entries(of: key) { partition, _ in
            try view(of: partition).fetch(
                key, endingAtOrAfter: earliestEndMs, startingAtOrBefore: latestStartMs, reversed: reversed, limit: limit
            )
        }
    }

    /// The sessions of a range of keys, or of all keys, of this instance's partitions that end within a range. In each
    /// partition the older segments of time come first; within a segment the order is that of the keys. Kafka:
    /// `findSessions`, `fetch`.
    ///
    /// - Parameters:
    ///   - lower: the first key; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - endsMs: the range that sessions end in, in milliseconds since the epoch; all by default.
    ///   - reversed: whether the order is the opposite in each partition.
    ///   - limit: how many at most.
    /// - Throws: `StreamsError` with code `.storeUnavailable` if the store cannot be read yet, `.storeElsewhere`
    ///   if another instance has the partition, `.illegalState` if the application has ended; the serdes' errors.
    public func fetchAll(
        from lower: Key? = nil, through upper: Key? = nil, ending endsMs: ClosedRange<Int64> = 0...Int64.max,
        reversed: Bool = false, limit: Int = .max
    ) throws -> [(key: Key, session: Window, value: Value)] {
        try partitions.entries(limit: limit) { partition, take in
            try view(of: partition).fetchAll(from: lower, through: upper, ending: endsMs, reversed: reversed) {
                take(($0, $1, $2))
            }
        }
    }

    private func view(of partition: any StoreReader) throws -> SessionStore<Key, Value> {
        SessionStore(
            try partition.snapshot(as: (any OrderedBytesStore).self), key: partitions.keySerde,
            value: partitions.valueSerde)
    }
}

extension StoreQuery {
    /// A session store. Kafka: `QueryableStoreTypes.sessionStore`.
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde, as that of the store.
    ///   - value: the values' serde, as that of the store.
    public static func session<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) -> StoreQuery where Store == QueryableSessionStore<Key, Value> {
        StoreQuery(name, StoreExpectation(kind: .session, types: StoreTypes(Key.self, Value.self))) {
            QueryableSessionStore($0, key: key, value: value)
        }
    }
}
