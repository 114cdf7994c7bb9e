/// A window store together with the table's downstream operators: a change goes to both.
@usableFromInline
struct WindowTableOutput<Key, Value> {
    @usableFromInline let store: WindowStore<Key, ValueAndTimestamp<Value>>
    @usableFromInline let output: WindowedOutput<Key, Value>
    /// The changes that the present record is to make.
    @usableFromInline let prepared = WindowChanges<Value>()

    @usableFromInline
    init(store: WindowStore<Key, ValueAndTimestamp<Value>>, output: WindowedOutput<Key, Value>) {
        self.store = store
        self.output = output
    }

    /// Changes the value of a key in a window.
    ///
    /// - Parameters:
    ///   - newValue: the new value; `nil` deletes it.
    ///   - oldValue: the value that it replaces, for the operators that need it.
    ///   - record: the record that causes the change.
    @inlinable
    func set<Input>(
        _ key: Key, _ window: Window, to newValue: Value?, from oldValue: Value?, timestampMs: Int64,
        by record: Record<Key, Input>
    ) throws {
        let stored = newValue.map { ValueAndTimestamp(value: $0, timestampMs: timestampMs) }
        try store.put(
            key, stored, startMs: window.startMs, timestampMs: newValue == nil ? record.timestampMs : timestampMs,
            origin: output.origin(of: record))
        try output.handOn(newValue, from: oldValue, of: key, window, timestampMs: timestampMs, headers: record.headers)
    }

    /// Prepares a change of a window, to be made by `makeChanges` with all others of the record.
    ///
    /// - Parameter isRemembered: whether the window is closed, and keeps its result beside this value.
    @inlinable
    func prepare(
        _ window: Window, to newValue: Value?, from oldValue: Value?, timestampMs: Int64, isRemembered: Bool = false
    ) throws {
        try prepared.append(
            window, to: newValue, from: oldValue, timestampMs: timestampMs, isRemembered: isRemembered,
            store.valueSerde)
    }

    /// Makes the changes that were prepared, in their order.
    @inlinable
    func makeChanges<Input>(of key: Key, by record: Record<Key, Input>) throws {
        for index in prepared.changes.indices {
            let change = prepared.changes[index]
            try prepared.bytes.withUnsafeBytes { bytes in
                try store.put(
                    key,
                    serialized: change.newValue == nil ? nil : UnsafeRawBufferPointer(rebasing: bytes[change.bytes]),
                    startMs: change.window.startMs, sequenceNumber: change.isRemembered ? WindowKey.remembered : 0,
                    timestampMs: change.newValue == nil ? record.timestampMs : change.timestampMs,
                    origin: output.origin(of: record))
            }
            if change.isRemembered { continue }
            try output.handOn(
                change.newValue, from: change.oldValue, of: key, change.window, timestampMs: change.timestampMs,
                headers: record.headers)
        }
    }

    /// Forwards the final results of the windows that have closed, in the order of time, if they are due.
    ///
    /// - Parameters:
    ///   - size: the time from a window's start to its end.
    ///   - unexpiredMs: the oldest start of a window that has not expired, if expired windows are not forwarded.
    @inlinable
    func emitClosed<Input>(
        _ progress: inout WindowProgress, size: TimeSpan, unexpiredMs: Int64 = 0, by record: Record<Key, Input>
    ) throws {
        guard let ends = progress.endsToEmit(), ends.upperBound >= size.ms else { return }
        let first = max(unexpiredMs, (Moment(ms: ends.lowerBound) - size).notBeforeEpoch.ms)
        let last = (Moment(ms: ends.upperBound) - size).ms
        if first <= last {
            try store.fetchAllBytes(starting: first...last, byTime: true) { key, startMs, value in
                try output.handOnFinal {
                    let stored = try store.valueSerde.deserialize(value)
                    return Record(
                        key: Windowed(
                            key: try store.keySerde.deserialize(key), window: Window(startMs: startMs, sizeMs: size.ms)),
                        value: Change(newValue: stored.value, oldValue: nil), timestampMs: stored.timestampMs,
                        headers: record.headers)
                }
                return true
            }
        }
        progress.noteEmitted(throughEndMs: ends.upperBound)
        store.bytes.heldFromMs = last + 1
    }
}

extension NodeInstance {
    /// Returns a window store with the operators downstream of this node.
    ///
    /// - Parameter window: returns the window that starts at a moment.
    @inlinable
    func windowTableOutput<Key, Value>(
        at place: AggregationPlace<Key, Value>, emit: EmitStrategy,
        window: @escaping @Sendable (_ startMs: Int64) -> Window
    ) throws -> WindowTableOutput<Key, Value> {
        let bytes = try orderedStore(named: place.storeName)
        let stored = Serde<ValueAndTimestamp<Value>>.timestamped(place.aggregate)
        let output = try WindowedOutput<Key, Value>(of: self, store: bytes, emit: emit) { key, new, old, origin in
            if WindowKey.isRemembered(key) { return nil }
            let new = try new.map { try stored.deserialize($0) }
            let old = try old.map { try stored.deserialize($0) }
            return Record(
                key: Windowed(
                    key: try place.key.deserialize(WindowKey.key(of: key)), window: window(WindowKey.startMs(of: key))),
                value: Change(newValue: new?.value, oldValue: old?.value),
                timestampMs: new?.timestampMs ?? origin.timestampMs, headers: origin.headers)
        }
        return WindowTableOutput(store: WindowStore(bytes, key: place.key, value: stored), output: output)
    }
}
