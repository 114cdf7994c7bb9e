/// The operators downstream of a table of windows, and the rule for when changes are forwarded to them.
///
/// If changes wait for the next commit, they are forwarded then, only the last one of each window. If a window is forwarded
/// when it closes, nothing is forwarded before that. Kafka: `TimestampedTupleForwarder`, `TimestampedCacheFlushListener`,
/// `SessionCacheFlushListener`.
@usableFromInline
struct WindowedOutput<Key, Value> {
    @usableFromInline let forward: Forward<Windowed<Key>, Change<Value>>
    @usableFromInline let sendsOldValues: Bool
    /// Whether each change is forwarded as it is made.
    @usableFromInline let forwardsAtOnce: Bool
    @usableFromInline let origins: any RecordOrigins
    @usableFromInline let userCode: any UserCodeCalls
    /// The operator.
    @usableFromInline let name: String

    /// - Parameter flushed: the change of a window, as bytes, that has waited in the store's cache; `nil` if it need not be
    ///   forwarded.
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
        let (resumption, name) = (node.resumption, node.name)
        self.forward = forward
        origins = node.origins
        userCode = node.userCode
        self.name = name
        sendsOldValues = node.sendsOldValues
        forwardsAtOnce = !store.isCaching && emit == .onWindowUpdate
        guard store.isCaching, emit == .onWindowUpdate else { return }
        store.onFlush(sendsOldValues: node.sendsOldValues) { key, new, old, origin in
            try resumption.resume(origin.metadata, at: name) {
                if let record = try flushed(key, new, old, origin) { try forward(record) }
            }
        }
    }

    /// Returns the data that a cache keeps of the record that causes a change.
    @inlinable
    func origin<Input>(of record: Record<Key, Input>) -> CachingKeyValueStore.Origin {
        .init(timestampMs: record.timestampMs, headers: record.headers, metadata: origins.recordMetadata)
    }

    /// Forwards a change that the store contains, unless the change waits.
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

    /// Forwards the final result of a window. If the result cannot be read, the others and the present record continue.
    @inlinable
    func handOnFinal(_ result: () throws -> Record<Windowed<Key>, Change<Value>>) throws {
        try userCode.attempt(at: name) { try forward(result()) }
    }
}
