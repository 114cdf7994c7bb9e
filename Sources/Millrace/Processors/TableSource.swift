extension ProcessorElement {
    /// Makes a table of a stream: the newest record by offset is a key's value. A null key is dropped.
    ///
    /// Kafka: `KTableSource`. Without a store it only turns records into changes.
    @inlinable
    static func tableSource<Key, Value>(
        name: String, store: StorePlan, key: Serde<Key>, value serde: Serde<Value>, problem: String?
    ) -> ProcessorElement {
        ProcessorElement(name: name, store: store, problem: problem) { node in
            let forward = try node.forward(Record<Key, Change<Value>>.self)
            let (context, name, sendsOldValues) = (node.context, node.name, node.sendsOldValues)
            let store = node.storeNames.isEmpty ? nil : try node.timestampedStore(key: key, value: serde)
            return TypedReceiver<Key, Value> { record in
                guard let key = record.key else { return context.drop(.nullKey, at: name) }
                var old: Value?
                if let store {
                    if sendsOldValues { old = try store.get(key)?.value }
                    try store.put(key, record.value, timestampMs: record.timestampMs)
                }
                try forward(record.with(value: Change(newValue: record.value, oldValue: old)))
            }
        }
    }
}
