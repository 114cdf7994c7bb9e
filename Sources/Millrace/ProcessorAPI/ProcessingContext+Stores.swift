extension ProcessingContext {
    /// Returns the store of a builder to which the processor is connected.
    ///
    /// ```swift
    /// let last = try context.store(lastValues)
    /// ```
    ///
    /// - Throws: `StreamsError` with code `.invalidTopology` if the processor is not connected to the store.
    public func store<Store>(_ builder: StoreBuilder<Store>) throws -> Store {
        try builder.view(of: connectedStore(named: builder.name), in: node)
    }

    /// Returns a key-value store to which the processor is connected, by its name.
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde, as that of the store.
    ///   - value: the values' serde, as that of the store.
    /// - Throws: `StreamsError` with code `.invalidTopology` if the processor is not connected to the store.
    public func keyValueStore<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) throws -> KeyValueStore<Key, Value> {
        try store(Stores.keyValue(name, key: key, value: value))
    }

    /// Returns a table's store, or any other key-value store with timestamps, to which the processor is connected.
    ///
    /// ```swift
    /// let counts = try context.timestampedKeyValueStore("counts", key: .string, value: .int64)
    /// ```
    ///
    /// The processor's writes to a table's store are not forwarded downstream of the table.
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde, as that of the store.
    ///   - value: the values' serde, as that of the store.
    /// - Throws: `StreamsError` with code `.invalidTopology` if the processor is not connected to the store.
    public func timestampedKeyValueStore<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) throws -> TimestampedKeyValueStore<Key, Value> {
        try store(Stores.timestampedKeyValue(name, key: key, value: value))
    }

    /// Returns a versioned table's store to which the processor is connected.
    ///
    /// ```swift
    /// let prices = try context.versionedKeyValueStore("prices", key: .string, value: .double)
    /// let price = try prices.get("AAPL", asOfMs: record.timestampMs)
    /// ```
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde, as that of the store.
    ///   - value: the values' serde, as that of the store.
    /// - Throws: `StreamsError` with code `.invalidTopology` if the processor is not connected to the store, or if the store
    ///   is not versioned.
    public func versionedKeyValueStore<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) throws -> VersionedKeyValueStore<Key, Value> {
        try store(Stores.versionedKeyValue(name, key: key, value: value, historyRetention: .zero))
    }

    private func connectedStore(named name: String) throws -> OperatorStore {
        try node.checkConnection(to: name)
        return try node.task.store(named: name, for: node.name)
    }
}
