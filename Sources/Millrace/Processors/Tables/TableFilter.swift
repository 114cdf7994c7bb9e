extension ProcessorElement {
    /// Keeps the keys of a table whose value satisfies a predicate; for the others it forwards a deletion.
    ///
    /// Kafka: `KTableFilter`. If old values are known, a deletion of a key that was never there is not forwarded.
    @inlinable
    static func tableFilter<Key, Value>(
        name: String, store: StorePlan?, key: Serde<Key>, value serde: Serde<Value>, problem: String?,
        _ predicate: @escaping @Sendable (Key, Value) throws -> Bool
    ) -> ProcessorElement {
        ProcessorElement(name: name, store: store, problem: problem) { node in
            let forward = try node.forward(Record<Key, Change<Value>>.self)
            let (drops, name, sendsOldValues) = (node.drops, node.name, node.sendsOldValues)
            let hasVersionedInput = node.hasVersionedInput
            let table: TableOutput<Key, Value>? =
                node.writtenStoreName == nil ? nil : try node.tableOutput(key: key, value: serde)
            return TypedReceiver<Key, Change<Value>>(at: node, silence: { _ in .filtered }) { record in
                guard let key = record.key, let change = record.value else { return drops.drop(.nullKey, at: name) }
                var result = Change<Value>(newValue: nil, oldValue: nil, isLatest: change.isLatest)
                if let new = change.newValue, try predicate(key, new) { result.newValue = new }
                if sendsOldValues, table == nil, let old = change.oldValue, try predicate(key, old) {
                    result.oldValue = old
                }
                if sendsOldValues, let table { result.oldValue = try table.get(key)?.value }
                // Another table may keep a version that the filter removes.
                if sendsOldValues, !hasVersionedInput, result.oldValue == nil, result.newValue == nil { return }
                guard let table else { return try forward(record.with(value: result)) }
                try table.set(
                    key, to: result.newValue, from: result.oldValue, timestampMs: record.timestampMs, by: record)
            }
        }
    }
}

extension TableView {
    /// The values of this table that satisfy a predicate.
    @inlinable
    func filter(_ predicate: @escaping @Sendable (Key, Value) throws -> Bool) -> TableView {
        TableView { [makeGetter] reader in
            let get = try makeGetter(reader)
            return { key, asOfMs in
                guard let found = try get(key, asOfMs) else { return nil }
                return try predicate(key, found.value) ? found : nil
            }
        }
    }
}
