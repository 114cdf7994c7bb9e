extension ProcessorElement {
    /// Combines the values of each key of a stream. A null key or value is dropped. Kafka: `KStreamReduce`.
    @inlinable
    static func streamReduce<Key, Value>(
        name: String, store: StorePlan, key: Serde<Key>, value serde: Serde<Value>, problem: String?,
        _ reducer: @escaping @Sendable (Value, Value) throws -> Value?
    ) -> ProcessorElement {
        ProcessorElement(name: name, store: store, problem: problem) { node in
            let forward = try node.forward(Record<Key, Change<Value>>.self)
            let store = try node.timestampedStore(key: key, value: serde)
            let (context, name, sendsOldValues) = (node.context, node.name, node.sendsOldValues)
            return TypedReceiver<Key, Value> { record in
                guard let key = record.key, let value = record.value else {
                    return context.drop(.nullKeyOrValue, at: name)
                }
                let stored = try store.get(key)
                let new: Value?
                do {
                    if let stored { new = try reducer(stored.value, value) } else { new = value }
                } catch {
                    return try context.processingFailed(error, at: name)
                }
                let timestampMs = max(record.timestampMs, stored?.timestampMs ?? record.timestampMs)
                try store.put(key, new, timestampMs: timestampMs)
                var result = record.with(value: Change(newValue: new, oldValue: sendsOldValues ? stored?.value : nil))
                result.timestampMs = timestampMs
                try forward(result)
            }
        }
    }
}
