/// The committed state of a versioned store, to be read on any thread while the application runs.
///
/// ```swift
/// let prices = try application.store(.versionedKeyValue("prices", key: .string, value: .double))
/// let noon = try prices.get("apple", asOfMs: 43_200_000)
/// ```
///
/// As ``QueryableKeyValueStore`` in all else. Kafka: `VersionedKeyQuery`, `MultiVersionedKeyQuery`.
public struct QueryableVersionedStore<Key, Value>: Sendable {
    private let store: any QueriedStore
    private let keySerde: Serde<Key>
    private let valueSerde: Serde<Value>

    init(_ store: any QueriedStore, key: Serde<Key>, value: Serde<Value>) {
        self.store = store
        keySerde = key
        valueSerde = value
    }

    /// A value and the time for which it was valid. Kafka: `VersionedRecord`.
    public struct Version {
        public var value: Value
        /// Milliseconds since the epoch.
        public var validFromMs: Int64
        /// The moment at which the next version or a deletion took its place; `nil` for the latest version.
        public var validToMs: Int64?

        public init(value: Value, validFromMs: Int64, validToMs: Int64?) {
            self.value = value
            self.validFromMs = validFromMs
            self.validToMs = validToMs
        }
    }

    /// The latest value of a key with its timestamp, or `nil`.
    public func get(_ key: Key) throws -> ValueAndTimestamp<Value>? {
        try search(key) { try VersionedKeyValueStore($0, key: keySerde, value: valueSerde).get(key) }
    }

    /// The value that a key had at a moment, with its timestamp; `nil` where it had none, or where the moment is before the
    /// history that the store keeps and the latest version is not as old as that.
    public func get(_ key: Key, asOfMs: Int64) throws -> ValueAndTimestamp<Value>? {
        try search(key) {
            try VersionedKeyValueStore($0, key: keySerde, value: valueSerde).get(key, asOfMs: asOfMs)
        }
    }

    /// The versions of a key that were valid at some moment of a range, the oldest first. Kafka: `MultiVersionedKeyQuery`.
    ///
    /// - Parameter newestFirst: turns the order round.
    public func versions(
        of key: Key, validWithin timesMs: ClosedRange<Int64> = 0...Int64.max, newestFirst: Bool = false
    ) throws -> [Version] {
        let value = Serde<ValueAndTimestamp<Value>>.timestamped(valueSerde)
        let found = try search(key) { store in
            var found: [Version] = []
            try keySerde.withKeyBytes(key) { keyBytes, _ in
                try store.scanVersions(ofKey: keyBytes, validWithin: timesMs) { stored, validToMs in
                    let version = try value.deserialize(stored)
                    found.append(
                        Version(
                            value: version.value, validFromMs: version.timestampMs,
                            validToMs: validToMs == .max ? nil : validToMs))
                }
            }
            return found.isEmpty ? nil : found
        }
        return newestFirst ? (found ?? []).reversed() : found ?? []
    }

    private func search<Result>(
        _ key: Key, _ body: (any VersionedBytesStore) throws -> Result?
    ) throws -> Result? {
        var found: Result?
        try keySerde.withKeyBytes(key) { _, partitioning in
            try store.search(partitioning) { reader in
                guard let view = try reader.snapshot() as? any VersionedBytesStore else {
                    throw StreamsError(.storeMismatch, "the store has no versions")
                }
                found = try body(view)
                return found != nil
            }
        }
        return found
    }
}

extension QueryableVersionedStore.Version: Sendable where Value: Sendable {}
extension QueryableVersionedStore.Version: Equatable where Value: Equatable {}

extension StoreQuery {
    /// A versioned store.
    public static func versionedKeyValue<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) -> StoreQuery where Store == QueryableVersionedStore<Key, Value> {
        StoreQuery(name, StoreExpectation(kind: .versionedKeyValue, types: StoreTypes(Key.self, Value.self))) {
            QueryableVersionedStore($0, key: key, value: value)
        }
    }
}
