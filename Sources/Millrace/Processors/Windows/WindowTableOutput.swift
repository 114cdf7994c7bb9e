/// A window store together with what comes behind the table: a change goes to both.
///
/// Where changes wait for the next commit they are handed on then, of each window the last one only. Where a window is
/// handed on when it closes, nothing is handed on before. Kafka: `TimestampedTupleForwarder`, `TimestampedCacheFlushListener`.
@usableFromInline
struct WindowTableOutput<Key, Value> {
    @usableFromInline let store: WindowStore<Key, ValueAndTimestamp<Value>>
    @usableFromInline let forward: Forward<Windowed<Key>, Change<Value>>
    @usableFromInline let sendsOldValues: Bool
    /// Whether each change is handed on as it is made.
    @usableFromInline let forwardsAtOnce: Bool
    @usableFromInline let context: any TaskContext

    @usableFromInline
    init(
        store: WindowStore<Key, ValueAndTimestamp<Value>>, forward: Forward<Windowed<Key>, Change<Value>>,
        sendsOldValues: Bool, forwardsAtOnce: Bool, context: any TaskContext
    ) {
        self.store = store
        self.forward = forward
        self.sendsOldValues = sendsOldValues
        self.forwardsAtOnce = forwardsAtOnce
        self.context = context
    }

    /// Changes the value of a key in a window.
    ///
    /// - Parameters:
    ///   - newValue: the new value; `nil` deletes it.
    ///   - oldValue: the value that it replaces, for those who want it.
    ///   - record: the record that causes the change.
    @inlinable
    func set<Input>(
        _ key: Key, _ window: Window, to newValue: Value?, from oldValue: Value?, timestampMs: Int64,
        by record: Record<Key, Input>
    ) throws {
        let stored = newValue.map { ValueAndTimestamp(value: $0, timestampMs: timestampMs) }
        try store.put(
            key, stored, startMs: window.startMs, timestampMs: newValue == nil ? record.timestampMs : timestampMs,
            origin: .init(timestampMs: record.timestampMs, headers: record.headers, metadata: context.recordMetadata))
        guard forwardsAtOnce else { return }
        try forward(
            Record(
                key: Windowed(key: key, window: window),
                value: Change(newValue: newValue, oldValue: sendsOldValues ? oldValue : nil),
                timestampMs: timestampMs, headers: record.headers))
    }
}

extension NodeInstance {
    /// A window store with what comes behind this node.
    ///
    /// - Parameter window: the window that starts at a moment.
    @inlinable
    func windowTableOutput<Key, Value>(
        storeName: String, key: Serde<Key>, value: Serde<Value>, emit: EmitStrategy,
        window: @escaping @Sendable (_ startMs: Int64) -> Window
    ) throws -> WindowTableOutput<Key, Value> {
        let forward = try forward(Record<Windowed<Key>, Change<Value>>.self)
        let bytes = try orderedStore(named: storeName)
        let stored = Serde<ValueAndTimestamp<Value>>.timestamped(value)
        let context = context
        if bytes.isCaching, emit == .onWindowUpdate {
            bytes.onFlush(sendsOldValues: sendsOldValues) { keyBytes, newBytes, oldBytes, origin in
                let key = Windowed(
                    key: try key.deserialize(WindowKey.key(of: keyBytes)),
                    window: window(WindowKey.startMs(of: keyBytes)))
                let new = try newBytes.map { try stored.deserialize($0) }
                let old = try oldBytes.map { try stored.deserialize($0) }
                try context.resume(origin.metadata) {
                    try forward(
                        Record(
                            key: key, value: Change(newValue: new?.value, oldValue: old?.value),
                            timestampMs: new?.timestampMs ?? origin.timestampMs, headers: origin.headers))
                }
            }
        }
        return WindowTableOutput(
            store: WindowStore(bytes, key: key, value: stored), forward: forward, sendsOldValues: sendsOldValues,
            forwardsAtOnce: !bytes.isCaching && emit == .onWindowUpdate, context: context)
    }
}
