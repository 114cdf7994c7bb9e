/// The committed state of a session store, to be read on any thread while the application runs.
///
/// ```swift
/// let visits = try application.store(.session("visits", key: .string, value: .int64))
/// let latest = try visits.fetch("user-1", endingAtOrAfter: 3_600_000)
/// ```
///
/// As ``QueryableKeyValueStore`` in all else. Kafka: `ReadOnlySessionStore`.
public struct QueryableSessionStore<Key, Value>: Sendable {
    private let store: any QueriedStore
    private let keySerde: Serde<Key>
    private let valueSerde: Serde<Value>

    init(_ store: any QueriedStore, key: Serde<Key>, value: Serde<Value>) {
        self.store = store
        keySerde = key
        valueSerde = value
    }

    /// The value of one session, or `nil`. Kafka: `fetchSession`.
    public func fetch(_ key: Key, _ session: Window) throws -> Value? {
        try search(key) { try $0.fetch(key, session) }
    }

    /// The sessions of a key that end at or after one moment and start at or before another one, by their ends. Kafka:
    /// `findSessions`, `fetch`, and the same backwards.
    ///
    /// - Parameters:
    ///   - reversed: whether the session that ends last comes first.
    ///   - limit: how many at most.
    public func fetch(
        _ key: Key, endingAtOrAfter earliestEndMs: Int64 = 0, startingAtOrBefore latestStartMs: Int64 = .max,
        reversed: Bool = false, limit: Int = .max
    ) throws -> [(session: Window, value: Value)] {
        try search(key) { view in
            let found = try view.fetch(
                key, endingAtOrAfter: earliestEndMs, startingAtOrBefore: latestStartMs, reversed: reversed, limit: limit
            )
            return found.isEmpty ? nil : found
        } ?? []
    }

    /// The sessions of several keys of this instance's partitions, or of all, that end within a range: in each partition the
    /// older segments of time first, and in a segment in the order of the keys. Kafka: `findSessions`, `fetch`.
    ///
    /// - Parameters:
    ///   - lower: the first key; `nil` for no bound.
    ///   - upper: the last key, itself included; `nil` for no bound.
    ///   - reversed: whether the order is the opposite in each partition.
    ///   - limit: how many at most.
    public func fetchAll(
        from lower: Key? = nil, through upper: Key? = nil, ending endsMs: ClosedRange<Int64> = 0...Int64.max,
        reversed: Bool = false, limit: Int = .max
    ) throws -> [(key: Key, session: Window, value: Value)] {
        var found: [(key: Key, session: Window, value: Value)] = []
        for reader in try store.readers() where found.count < limit {
            try view(of: reader).fetchAll(from: lower, through: upper, ending: endsMs, reversed: reversed) {
                found.append(($0, $1, $2))
                return found.count < limit
            }
        }
        return found
    }

    private func view(of reader: any StoreReader) throws -> SessionStore<Key, Value> {
        SessionStore(try reader.orderedSnapshot(), key: keySerde, value: valueSerde)
    }

    private func search<Result>(
        _ key: Key, _ body: (SessionStore<Key, Value>) throws -> Result?
    ) throws -> Result? {
        var found: Result?
        try keySerde.withKeyBytes(key) { _, partitioning in
            try store.search(partitioning) { reader in
                found = try body(view(of: reader))
                return found != nil
            }
        }
        return found
    }
}

extension StoreQuery {
    /// A session store. Kafka: `QueryableStoreTypes.sessionStore`.
    public static func session<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) -> StoreQuery where Store == QueryableSessionStore<Key, Value> {
        StoreQuery(name, StoreExpectation(kind: .session, types: StoreTypes(Key.self, Value.self))) {
            QueryableSessionStore($0, key: key, value: value)
        }
    }
}
