/// A session store together with the table's downstream operators: a change goes to both.
///
/// Results have the timestamps of their sessions' ends. Those that are forwarded at once have no headers.
@usableFromInline
struct SessionTableOutput<Key, Value> {
    @usableFromInline let store: SessionStore<Key, Value>
    @usableFromInline let output: WindowedOutput<Key, Value>

    @usableFromInline
    init(store: SessionStore<Key, Value>, output: WindowedOutput<Key, Value>) {
        self.store = store
        self.output = output
    }

    /// Changes the value of a session; `nil` deletes it.
    @inlinable
    func set<Input>(
        _ key: Key, _ session: Window, to newValue: Value?, from oldValue: Value?, by record: Record<Key, Input>
    ) throws {
        try store.put(key, newValue, session: session, origin: output.origin(of: record))
        try output.handOn(newValue, from: oldValue, of: key, session, timestampMs: session.endMs)
    }

    /// Sets the value of a session.
    ///
    /// - Parameter serialized: the value's bytes, which the store has made.
    @inlinable
    func set<Input>(
        _ key: Key, _ session: Window, to value: Value?, as serialized: SessionStore<Key, Value>.Serialized,
        by record: Record<Key, Input>
    ) throws {
        try store.put(key, serialized, session: session, origin: output.origin(of: record))
        try output.handOn(value, from: nil, of: key, session, timestampMs: session.endMs)
    }

    /// Forwards the final results of the sessions that have closed, in the order of time, if they are due.
    @inlinable
    func emitClosed<Input>(_ progress: inout WindowProgress, by record: Record<Key, Input>) throws {
        guard let ends = progress.endsToEmit() else { return }
        try store.fetchAllBytes(ending: ends, byTime: true) { key, session, value in
            try output.handOnFinal {
                Record(
                    key: Windowed(key: try store.keySerde.deserialize(key), window: session),
                    value: Change(newValue: try store.valueSerde.deserialize(value), oldValue: nil),
                    timestampMs: session.endMs, headers: record.headers)
            }
            return true
        }
        progress.noteEmitted(throughEndMs: ends.upperBound)
        store.bytes.heldFromMs = ends.upperBound + 1
    }
}

extension NodeInstance {
    /// Returns a session store with the operators downstream of this node.
    @inlinable
    func sessionTableOutput<Key, Value>(
        at place: AggregationPlace<Key, Value>, emit: EmitStrategy
    ) throws -> SessionTableOutput<Key, Value> {
        let bytes = try orderedStore(named: place.storeName)
        let output = try WindowedOutput<Key, Value>(of: self, store: bytes, emit: emit) { key, new, old, origin in
            let session = SessionKey.session(of: key)
            return Record(
                key: Windowed(key: try place.key.deserialize(SessionKey.key(of: key)), window: session),
                value: Change(
                    newValue: try new.map { try place.aggregate.deserialize($0) },
                    oldValue: try old.map { try place.aggregate.deserialize($0) }),
                timestampMs: session.endMs, headers: origin.headers)
        }
        return SessionTableOutput(
            store: SessionStore(bytes, key: place.key, value: place.aggregate), output: output)
    }
}
