/// The committed state of a versioned store, to be read on any thread while the application runs.
///
/// ```swift
/// let prices = try application.store(.versionedKeyValue("prices", key: .string, value: .double))
/// let noon = try prices.get("apple", asOfMs: 43_200_000)
/// let versions = try prices.versions(of: "apple", newestFirst: true)
/// ```
///
/// In all other respects it behaves like ``QueryableKeyValueStore``. Kafka: `VersionedKeyQuery`, `MultiVersionedKeyQuery`.
public struct QueryableVersionedStore<Key, Value>: Sendable {
    let partitions: QueriedPartitions<Key, Value>

    init(_ store: any QueriedStore, key: Serde<Key>, value: Serde<Value>) {
        partitions = QueriedPartitions(store, key: key, value: value)
    }

    init(_ partitions: QueriedPartitions<Key, Value>) { self.partitions = partitions }

    /// A value and the time for which it was valid. Kafka: `VersionedRecord`.
    public struct Version {
        /// The value.
        public var value: Value
        /// Milliseconds since the epoch.
        public var validFromMs: Int64
        /// The moment at which the next version or a deletion replaced it; `nil` for the latest version.
        public var validToMs: Int64?

        /// Makes a version.
        ///
        /// - Parameters:
        ///   - value: the value.
        ///   - validFromMs: the moment from which it is valid, in milliseconds since the epoch.
        ///   - validToMs: the moment until which it is valid, that moment excluded; `nil` if it still is.
        public init(value: Value, validFromMs: Int64, validToMs: Int64?) {
            self.value = value
            self.validFromMs = validFromMs
            self.validToMs = validToMs
        }
    }

    /// The latest value of a key with its timestamp, or `nil`.
    ///
    /// - Throws: `StreamsError` with code `.storeUnavailable` if the store cannot be read yet, `.storeElsewhere`
    ///   if another instance has the partition, `.illegalState` if the application has ended; the serdes' errors.
    public func get(_ key: Key) throws -> ValueAndTimestamp<Value>? {
        try partitions.first(for: key) { partition, _ in try view(of: partition).get(key) }
    }

    /// The value that a key had at a moment, with its timestamp. It is `nil` if the key had none, or if the moment is before
    /// the history that the store keeps and the latest version is newer than the moment.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - asOfMs: the moment, in milliseconds since the epoch.
    /// - Throws: `StreamsError` with code `.storeUnavailable` if the store cannot be read yet, `.storeElsewhere`
    ///   if another instance has the partition, `.illegalState` if the application has ended; the serdes' errors.
    public func get(_ key: Key, asOfMs: Int64) throws -> ValueAndTimestamp<Value>? {
        try partitions.first(for: key) { partition, _ in try view(of: partition).get(key, asOfMs: asOfMs) }
    }

    /// The versions of a key that were valid at some moment of a range, the oldest first. Kafka: `MultiVersionedKeyQuery`.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - timesMs: the range, in milliseconds since the epoch; all of the history by default.
    ///   - newestFirst: whether the newest version comes first.
    /// - Throws: `StreamsError` with code `.storeUnavailable` if the store cannot be read yet, `.storeElsewhere`
    ///   if another instance has the partition, `.illegalState` if the application has ended; the serdes' errors.
    public func versions(
        of key: Key, validWithin timesMs: ClosedRange<Int64> = 0...Int64.max, newestFirst: Bool = false
    ) throws -> [Version] {
        let value = Serde<ValueAndTimestamp<Value>>.timestamped(partitions.valueSerde)
        let found = try partitions.entries(of: key) { partition, keyBytes in
            var found: [Version] = []
            let store = try partition.snapshot(as: (any VersionedBytesStore).self)
            try store.scanVersions(ofKey: keyBytes, validWithin: timesMs) { stored, validToMs in
                let version = try value.deserialize(stored)
                found.append(
                    Version(
                        value: version.value, validFromMs: version.timestampMs,
                        validToMs: validToMs == .max ? nil : validToMs))
            }
            return found
        }
        return newestFirst ? found.reversed() : found
    }

    private func view(of partition: any StoreReader) throws -> VersionedKeyValueStore<Key, Value> {
        VersionedKeyValueStore(
            try partition.snapshot(as: (any VersionedBytesStore).self), key: partitions.keySerde,
            value: partitions.valueSerde)
    }
}

extension QueryableVersionedStore.Version: Sendable where Value: Sendable {}
extension QueryableVersionedStore.Version: Equatable where Value: Equatable {}

extension StoreQuery {
    /// A versioned store.
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde, as that of the store.
    ///   - value: the values' serde, as that of the store.
    public static func versionedKeyValue<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) -> StoreQuery where Store == QueryableVersionedStore<Key, Value> {
        StoreQuery(name, StoreExpectation(kind: .versionedKeyValue, types: StoreTypes(Key.self, Value.self))) {
            QueryableVersionedStore($0, key: key, value: value)
        }
    }
}
