/// A table's store together with the table's downstream operators: a change goes to both.
///
/// If the store is cached, a change waits there. When the cache is flushed, it is forwarded as the difference from the value
/// in the store below. Without a cache it is forwarded at once. Kafka: `TimestampedTupleForwarder`,
/// `TimestampedCacheFlushListener`.
@usableFromInline
struct TableOutput<Key, Value> {
    @usableFromInline let store: TimestampedKeyValueStore<Key, Value>
    @usableFromInline let cache: CachingKeyValueStore?
    /// The store, if it keeps versions.
    @usableFromInline let versions: VersionedKeyValueStore<Key, Value>?
    @usableFromInline let forward: Forward<Key, Change<Value>>
    @usableFromInline let sendsOldValues: Bool
    @usableFromInline let origins: any RecordOrigins
    @usableFromInline let name: String
    /// The topic for values that are older than the versions that the store keeps.
    @usableFromInline let late: LateTopic<Key, Value>?

    @usableFromInline
    init(
        store: TimestampedKeyValueStore<Key, Value>, cache: CachingKeyValueStore?,
        versions: VersionedKeyValueStore<Key, Value>?, forward: Forward<Key, Change<Value>>, sendsOldValues: Bool,
        origins: any RecordOrigins, name: String, late: LateTopic<Key, Value>?
    ) {
        self.store = store
        self.cache = cache
        self.versions = versions
        self.forward = forward
        self.sendsOldValues = sendsOldValues
        self.origins = origins
        self.name = name
        self.late = late
    }

    /// Returns the value of a key, including changes that wait in the cache.
    @inlinable
    func get(_ key: Key) throws -> ValueAndTimestamp<Value>? { try store.get(key) }

    /// Changes the value of a key.
    ///
    /// Inlined because a call would copy the record and the aggregate, which takes a twentieth of a stateful record's time.
    ///
    /// - Parameters:
    ///   - newValue: the new value; `nil` deletes the key.
    ///   - oldValue: the value that it replaces, for the operators that need it.
    ///   - timestampMs: the new value's timestamp.
    ///   - record: the record that causes the change. Its timestamp is that of a deletion in the changelog.
    ///   - isKeyRead: whether the last call was a `get` of the same key, so that the key need not be serialised again.
    @inlinable
    @inline(__always)
    func set<Input>(
        _ key: Key, to newValue: Value?, from oldValue: Value?, timestampMs: Int64, by record: Record<Key, Input>,
        isKeyRead: Bool = false
    ) throws {
        if let cache {
            return try store.put(
                key, newValue, timestampMs: timestampMs, to: cache,
                origin: .init(
                    timestampMs: record.timestampMs, headers: record.headers, metadata: origins.recordMetadata))
        }
        var isLatest = true
        if let versions {
            switch try versions.putVersion(key, newValue, timestampMs: timestampMs) {
            case .latest: break
            case .outOfOrder: isLatest = false
            // The store counts it.
            case .expired:
                try late?.send(
                    record.with(value: newValue), from: name, window: nil,
                    streamTimeMs: versions.bytes.streamTimeMs, boundMs: versions.bytes.oldestMs)
                return
            }
        } else {
            try store.put(
                key, newValue, timestampMs: newValue == nil ? record.timestampMs : timestampMs, isKeyRead: isKeyRead)
        }
        try forward(
            Record(
                key: key,
                value: Change(newValue: newValue, oldValue: sendsOldValues ? oldValue : nil, isLatest: isLatest),
                timestampMs: timestampMs, headers: record.headers))
    }
}

extension NodeInstance {
    /// Returns this node's own store with the operators downstream of it.
    @inlinable
    func tableOutput<Key, Value>(key: Serde<Key>, value: Serde<Value>) throws -> TableOutput<Key, Value> {
        try tableOutput(storeName: requiredStoreName(), key: key, value: value)
    }

    /// Returns a store to which this node is connected, with the operators downstream of it.
    @inlinable
    func tableOutput<Key, Value>(
        storeName: String, key: Serde<Key>, value: Serde<Value>
    ) throws -> TableOutput<Key, Value> {
        let forward = try forward(Record<Key, Change<Value>>.self)
        let connected = try connectedStore(named: storeName)
        let value = connected.checking(value)
        let store = TimestampedKeyValueStore(try connected.map(named: storeName), key: key, value: value)
        let cache = connected.cache
        let (resumption, name) = (resumption, name)
        cache?.onFlush(sendsOldValues: sendsOldValues) { keyBytes, newBytes, oldBytes, origin in
            try resumption.resume(origin.metadata, at: name) {
                let key = try key.deserialize(keyBytes)
                let new = try newBytes.map { try TimestampedKeyValueStore<Key, Value>.decode($0, value) }
                let old = try oldBytes.map { try TimestampedKeyValueStore<Key, Value>.decode($0, value) }
                try forward(
                    Record(
                        key: key, value: Change(newValue: new?.value, oldValue: old?.value),
                        timestampMs: new?.timestampMs ?? origin.timestampMs, headers: origin.headers))
            }
        }
        return TableOutput(
            store: store, cache: cache,
            versions: connected.versions.map { .init($0, key: key, value: value) },
            forward: forward, sendsOldValues: sendsOldValues, origins: origins, name: name,
            late: try lateTopic(ofStore: storeName, key: key, value: value))
    }
}
