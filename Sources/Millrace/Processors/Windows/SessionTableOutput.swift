/// A session store together with what comes behind the table: a change goes to both.
///
/// As `WindowTableOutput`, but results have the timestamps of their sessions' ends and, where they are handed on at once,
/// no headers. Kafka: `TimestampedTupleForwarder`, `SessionCacheFlushListener`.
@usableFromInline
struct SessionTableOutput<Key, Value> {
    @usableFromInline let store: SessionStore<Key, Value>
    @usableFromInline let forward: Forward<Windowed<Key>, Change<Value>>
    @usableFromInline let sendsOldValues: Bool
    /// Whether each change is handed on as it is made.
    @usableFromInline let forwardsAtOnce: Bool
    @usableFromInline let context: any TaskContext

    @usableFromInline
    init(
        store: SessionStore<Key, Value>, forward: Forward<Windowed<Key>, Change<Value>>,
        sendsOldValues: Bool, forwardsAtOnce: Bool, context: any TaskContext
    ) {
        self.store = store
        self.forward = forward
        self.sendsOldValues = sendsOldValues
        self.forwardsAtOnce = forwardsAtOnce
        self.context = context
    }

    /// Changes the value of a session; `nil` deletes it.
    @inlinable
    func set<Input>(
        _ key: Key, _ session: Window, to newValue: Value?, from oldValue: Value?, by record: Record<Key, Input>
    ) throws {
        try store.put(
            key, newValue, session: session,
            origin: .init(timestampMs: record.timestampMs, headers: record.headers, metadata: context.recordMetadata))
        guard forwardsAtOnce else { return }
        try forward(
            Record(
                key: Windowed(key: key, window: session),
                value: Change(newValue: newValue, oldValue: sendsOldValues ? oldValue : nil),
                timestampMs: session.endMs))
    }

    /// Hands on the final results of the sessions that end within a range, in the order of time.
    @inlinable
    func emit<Input>(endingFrom first: Int64, through last: Int64, by record: Record<Key, Input>) throws {
        try store.fetchAll(ending: first...last, byTime: true) { key, session, value in
            try forward(
                Record(
                    key: Windowed(key: key, window: session), value: Change(newValue: value, oldValue: nil),
                    timestampMs: session.endMs, headers: record.headers))
            return true
        }
    }
}

extension NodeInstance {
    /// A session store with what comes behind this node.
    @inlinable
    func sessionTableOutput<Key, Value>(
        storeName: String, key: Serde<Key>, value: Serde<Value>, emit: EmitStrategy
    ) throws -> SessionTableOutput<Key, Value> {
        let forward = try forward(Record<Windowed<Key>, Change<Value>>.self)
        let bytes = try orderedStore(named: storeName)
        let context = context
        if bytes.isCaching, emit == .onWindowUpdate {
            bytes.onFlush(sendsOldValues: sendsOldValues) { keyBytes, newBytes, oldBytes, origin in
                let session = SessionKey.session(of: keyBytes)
                let key = Windowed(key: try key.deserialize(SessionKey.key(of: keyBytes)), window: session)
                let change = Change(
                    newValue: try newBytes.map { try value.deserialize($0) },
                    oldValue: try oldBytes.map { try value.deserialize($0) })
                try context.resume(origin.metadata) {
                    try forward(
                        Record(key: key, value: change, timestampMs: session.endMs, headers: origin.headers))
                }
            }
        }
        return SessionTableOutput(
            store: SessionStore(bytes, key: key, value: value), forward: forward, sendsOldValues: sendsOldValues,
            forwardsAtOnce: !bytes.isCaching && emit == .onWindowUpdate, context: context)
    }
}
