/// What comes behind a table of windows, and when its changes are handed on.
///
/// Where changes wait for the next commit they are handed on then, of each window the last one only. Where a window is
/// handed on when it closes, nothing is handed on before. Kafka: `TimestampedTupleForwarder`, `TimestampedCacheFlushListener`,
/// `SessionCacheFlushListener`.
@usableFromInline
struct WindowedOutput<Key, Value> {
    @usableFromInline let forward: Forward<Windowed<Key>, Change<Value>>
    @usableFromInline let sendsOldValues: Bool
    /// Whether each change is handed on as it is made.
    @usableFromInline let forwardsAtOnce: Bool
    @usableFromInline let context: any TaskContext
    /// The operator.
    @usableFromInline let name: String

    /// - Parameter flushed: the change of a window, by its bytes, that has waited in the store's cache; `nil` where it is
    ///   nobody else's business.
    @inlinable
    init(
        of node: NodeInstance, store: any OrderedBytesStore, emit: EmitStrategy,
        flushed:
            @escaping (
                _ key: UnsafeRawBufferPointer, _ new: UnsafeRawBufferPointer?, _ old: UnsafeRawBufferPointer?,
                _ origin: CachingKeyValueStore.Origin
            ) throws -> Record<Windowed<Key>, Change<Value>>?
    ) throws {
        let forward = try node.forward(Record<Windowed<Key>, Change<Value>>.self)
        let (context, name) = (node.context, node.name)
        self.forward = forward
        self.context = context
        self.name = name
        sendsOldValues = node.sendsOldValues
        forwardsAtOnce = !store.isCaching && emit == .onWindowUpdate
        guard store.isCaching, emit == .onWindowUpdate else { return }
        store.onFlush(sendsOldValues: node.sendsOldValues) { key, new, old, origin in
            try context.resume(origin.metadata, at: name) {
                if let record = try flushed(key, new, old, origin) { try forward(record) }
            }
        }
    }

    /// What a cache keeps of the record that causes a change.
    @inlinable
    func origin<Input>(of record: Record<Key, Input>) -> CachingKeyValueStore.Origin {
        .init(timestampMs: record.timestampMs, headers: record.headers, metadata: context.recordMetadata)
    }

    /// Hands a change on that the store has, unless it waits.
    @inlinable
    func handOn(
        _ newValue: Value?, from oldValue: Value?, of key: Key, _ window: Window, timestampMs: Int64,
        headers: Headers = Headers()
    ) throws {
        guard forwardsAtOnce else { return }
        try forward(
            Record(
                key: Windowed(key: key, window: window),
                value: Change(newValue: newValue, oldValue: sendsOldValues ? oldValue : nil),
                timestampMs: timestampMs, headers: headers))
    }

    /// Hands on the final result of a window. Where it cannot be read, the others and the present record go on.
    @inlinable
    func handOnFinal(_ result: () throws -> Record<Windowed<Key>, Change<Value>>) throws {
        try context.attempt(at: name) { try forward(result()) }
    }
}
