/// A typed view of a versioned key-value store: the latest value of each key, and the earlier ones for a while.
///
/// ```swift
/// try prices.put("apple", 190, timestampMs: 1_000)
/// try prices.put("apple", 200, timestampMs: 2_000)
/// let then = try prices.get("apple", asOfMs: 1_500)  // 190
/// ```
///
/// A version is valid from its timestamp until that of the next version of its key. The store keeps a history, measured back
/// from the newest timestamp that was put. Versions that ceased to be valid before it are gone; the latest version of a key
/// always stays. A view belongs to the task that made it and must not leave its thread. Kafka: `VersionedKeyValueStore`
/// (KIP-889).
public struct VersionedKeyValueStore<Key, Value> {
    @usableFromInline let bytes: any VersionedBytesStore
    /// The same store, limited to the latest versions.
    @usableFromInline let latest: TimestampedKeyValueStore<Key, Value>

    @usableFromInline
    package init(_ bytes: any VersionedBytesStore, key: Serde<Key>, value: Serde<Value>) {
        self.bytes = bytes
        latest = TimestampedKeyValueStore(bytes, key: key, value: value)
    }

    /// The latest value of a key with its timestamp, or `nil`.
    ///
    /// - Throws: `SerdeError` if the stored bytes are not a value of the type; the store's own errors.
    @inlinable
    public func get(_ key: Key) throws -> ValueAndTimestamp<Value>? { try latest.get(key) }

    /// The value that a key had at a moment, with its timestamp. It is `nil` if the key had none, or if the moment is before
    /// the history that the store keeps and the latest version is newer than the moment.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - asOfMs: the moment, in milliseconds since the epoch.
    /// - Throws: the serdes' errors, and `StreamsError` with code `.stateStore` if the store cannot be read.
    @inlinable
    public func get(_ key: Key, asOfMs: Int64) throws -> ValueAndTimestamp<Value>? {
        latest.scratch.key.removeAll(keepingCapacity: true)
        try latest.keySerde.serialize(key, into: &latest.scratch.key)
        var found: ValueAndTimestamp<Value>?
        try latest.scratch.key.withUnsafeBytes { keyBytes in
            try bytes.withValue(forKey: keyBytes, asOfMs: asOfMs) { valueBytes in
                if let valueBytes {
                    found = try TimestampedKeyValueStore<Key, Value>.decode(valueBytes, latest.valueSerde)
                }
            }
        }
        return found
    }

    /// Puts in a version or, with a value of `nil`, the deletion of the key at a moment.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - value: the value; `nil` deletes the key as of the moment.
    ///   - timestampMs: the moment from which the version is valid, in milliseconds since the epoch.
    /// - Returns: whether the store accepted it; it does not accept a version older than the history that it keeps.
    /// - Throws: `StreamsError` with code `.invalidTimestamp` if the timestamp is negative; the serdes' and the
    ///   store's own errors.
    @discardableResult
    @inlinable
    public func put(_ key: Key, _ value: Value?, timestampMs: Int64) throws -> Bool {
        try checkTimestamp(timestampMs)
        if case .expired = try putVersion(key, value, timestampMs: timestampMs) { return false } else { return true }
    }

    @inlinable
    func putVersion(_ key: Key, _ value: Value?, timestampMs: Int64) throws -> PutVersion {
        var outcome = PutVersion.expired
        try latest.serialize(key, value, timestampMs: timestampMs) { keyBytes, valueBytes in
            outcome = try bytes.putVersion(key: keyBytes, value: valueBytes, timestampMs: timestampMs)
        }
        return outcome
    }
}
