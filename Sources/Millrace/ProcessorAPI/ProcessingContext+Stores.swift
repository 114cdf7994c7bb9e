extension ProcessingContext {
    /// The store of a builder, which the processor is connected to.
    ///
    /// ```swift
    /// let last = try context.store(lastValues)
    /// ```
    ///
    /// - Throws: `StreamsError` with code `.invalidTopology` where the processor is not connected to the store.
    public func store<Store>(_ builder: StoreBuilder<Store>) throws -> Store {
        try builder.view(of: connectedStore(named: builder.name), in: node)
    }

    /// A key-value store that the processor is connected to, by its name.
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde, as that of the store.
    ///   - value: the values' serde, as that of the store.
    /// - Throws: `StreamsError` with code `.invalidTopology` where the processor is not connected to the store.
    public func keyValueStore<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) throws -> KeyValueStore<Key, Value> {
        try store(Stores.keyValue(name, key: key, value: value))
    }

    /// A table's store, or any other key-value store with timestamps, that the processor is connected to.
    ///
    /// ```swift
    /// let counts = try context.timestampedKeyValueStore("counts", key: .string, value: .int64)
    /// ```
    ///
    /// What the processor writes to a table's store is not handed on behind the table.
    ///
    /// - Parameters:
    ///   - name: the store's name.
    ///   - key: the keys' serde, as that of the store.
    ///   - value: the values' serde, as that of the store.
    /// - Throws: `StreamsError` with code `.invalidTopology` where the processor is not connected to the store.
    public func timestampedKeyValueStore<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) throws -> TimestampedKeyValueStore<Key, Value> {
        try store(Stores.timestampedKeyValue(name, key: key, value: value))
    }

    /// A versioned table's store that the processor is connected to.
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
    /// - Throws: `StreamsError` with code `.invalidTopology` where the processor is not connected to the store, or it
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
