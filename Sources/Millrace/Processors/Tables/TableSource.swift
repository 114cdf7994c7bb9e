extension ProcessorElement {
    /// Makes a table of a stream: the newest record by offset is a key's value. A null key is dropped.
    ///
    /// Kafka: `KTableSource`. Without a store it only turns records into changes.
    @inlinable
    static func tableSource<Key, Value>(
        name: String, store: StorePlan, key: Serde<Key>, value serde: Serde<Value>, problem: String?
    ) -> ProcessorElement {
        ProcessorElement(name: name, store: store, problem: problem) { node in
            let (drops, name, sendsOldValues) = (node.drops, node.name, node.sendsOldValues)
            guard node.ownStoreName != nil else {
                let forward = try node.forward(Record<Key, Change<Value>>.self)
                return TypedReceiver<Key, Value>(at: node) { record in
                    if record.key == nil { return drops.drop(.nullKey, at: name) }
                    try forward(record.with(value: Change(newValue: record.value, oldValue: nil)))
                }
            }
            let table: TableOutput<Key, Value> = try node.tableOutput(key: key, value: serde)
            return TypedReceiver<Key, Value>(at: node) { record in
                guard let key = record.key else { return drops.drop(.nullKey, at: name) }
                let old = sendsOldValues ? try table.get(key)?.value : nil
                try table.set(key, to: record.value, from: old, timestampMs: record.timestampMs, by: record)
            }
        }
    }
}
