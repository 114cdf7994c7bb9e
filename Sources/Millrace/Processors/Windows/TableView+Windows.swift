extension TableView {
    /// The values in a window store. Kafka: `KStreamWindowAggregateValueGetter`.
    @inlinable
    static func windowStore<Inner>(
        _ name: String, key: Serde<Inner>, value: Serde<Value>
    ) -> TableView where Key == Windowed<Inner> {
        TableView { reader in
            let store = WindowStore(
                try reader.orderedStore(named: name), key: key,
                value: Serde<ValueAndTimestamp<Value>>.timestamped(value))
            return { key, _ in try store.fetch(key.key, startMs: key.window.startMs) }
        }
    }

    /// The values in a session store; a value's timestamp is its session's end. Kafka: `KTableSessionWindowValueGetter`.
    @inlinable
    static func sessionStore<Inner>(
        _ name: String, key: Serde<Inner>, value: Serde<Value>
    ) -> TableView where Key == Windowed<Inner> {
        TableView { reader in
            let store = SessionStore(try reader.orderedStore(named: name), key: key, value: value)
            return { key, _ in
                try store.fetch(key.key, key.window).map {
                    ValueAndTimestamp(value: $0, timestampMs: key.window.endMs)
                }
            }
        }
    }
}
