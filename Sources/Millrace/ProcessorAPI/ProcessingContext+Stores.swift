extension ProcessingContext {
    /// A table's store, or any other key-value store with timestamps, that the processor is connected to.
    ///
    /// ```swift
    /// let counts = try context.timestampedKeyValueStore("counts", key: .string, value: .int64)
    /// ```
    ///
    /// What the processor writes to a table's store is not handed on behind the table.
    ///
    /// - Throws: `StreamsError` with code `.invalidTopology` where the processor is not connected to such a store.
    public func timestampedKeyValueStore<Key, Value>(
        _ name: String, key: Serde<Key>, value: Serde<Value>
    ) throws -> TimestampedKeyValueStore<Key, Value> {
        try node.checkConnection(to: name)
        return TimestampedKeyValueStore(try node.task.store(named: name), key: key, value: value)
    }
}
