extension ProcessorElement {
    /// Turns each value of a table into another one; a deletion stays a deletion. Kafka: `KTableMapValues`.
    @inlinable
    static func tableMapValues<Key, Value, NewValue>(
        name: String, store: StorePlan?, key: Serde<Key>, value serde: Serde<NewValue>?, problem: String?,
        _ transform: @escaping @Sendable (Key, Value) throws -> NewValue?
    ) -> ProcessorElement {
        ProcessorElement(name: name, store: store, problem: problem) { node in
            let forward = try node.forward(Record<Key, Change<NewValue>>.self)
            let (drops, name, sendsOldValues) = (node.drops, node.name, node.sendsOldValues)
            let table: TableOutput<Key, NewValue>? =
                if node.ownStoreName != nil, let serde { try node.tableOutput(key: key, value: serde) } else { nil }
            return TypedReceiver<Key, Change<Value>>(at: node) { record in
                guard let key = record.key, let change = record.value else { return drops.drop(.nullKey, at: name) }
                var result = Change<NewValue>(newValue: nil, oldValue: nil, isLatest: change.isLatest)
                if let new = change.newValue { result.newValue = try transform(key, new) }
                if sendsOldValues, table == nil, let old = change.oldValue {
                    result.oldValue = try transform(key, old)
                }
                guard let table else { return try forward(record.with(value: result)) }
                if sendsOldValues { result.oldValue = try table.get(key)?.value }
                try table.set(
                    key, to: result.newValue, from: result.oldValue, timestampMs: record.timestampMs, by: record)
            }
        }
    }
}

extension TableView {
    /// The values of this table after the transformation.
    @inlinable
    func mapValues<NewValue>(
        _ transform: @escaping @Sendable (Key, Value) throws -> NewValue?
    ) -> TableView<Key, NewValue> {
        TableView<Key, NewValue> { [makeGetter] reader in
            let get = try makeGetter(reader)
            return { key, asOfMs in
                guard let found = try get(key, asOfMs), let value = try transform(key, found.value) else { return nil }
                return ValueAndTimestamp(value: value, timestampMs: found.timestampMs)
            }
        }
    }
}
