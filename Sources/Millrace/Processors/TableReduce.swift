extension ProcessorElement {
    /// Combines the values of a grouped table: subtracts the old value, then adds the new one. Kafka: `KTableReduce`.
    @inlinable
    static func tableReduce<Key, Value>(
        name: String, store: StorePlan, key: Serde<Key>, value serde: Serde<Value>, problem: String?,
        adder: @escaping @Sendable (Value, Value) throws -> Value?,
        subtractor: @escaping @Sendable (Value, Value) throws -> Value?
    ) -> ProcessorElement {
        ProcessorElement(name: name, store: store, problem: problem) { node in
            let forward = try node.forward(Record<Key, Change<Value>>.self)
            let store = try node.timestampedStore(key: key, value: serde)
            let (context, name, sendsOldValues) = (node.context, node.name, node.sendsOldValues)
            return TypedReceiver<Key, Change<Value>> { record in
                guard let key = record.key, let change = record.value else { return context.drop(.nullKey, at: name) }
                let stored = try store.get(key)
                var aggregate = stored?.value
                var touched = false
                do {
                    if let old = change.oldValue, let present = aggregate {
                        aggregate = try subtractor(present, old)
                        touched = true
                    }
                    if let new = change.newValue {
                        if let present = aggregate {
                            aggregate = try adder(present, new)
                            touched = true
                        } else {
                            aggregate = new
                        }
                    }
                } catch {
                    return try context.processingFailed(error, at: name)
                }
                var result = record.with(
                    value: Change(newValue: aggregate, oldValue: sendsOldValues ? stored?.value : nil))
                if touched, let stored { result.timestampMs = max(record.timestampMs, stored.timestampMs) }
                try store.put(key, aggregate, timestampMs: result.timestampMs)
                try forward(result)
            }
        }
    }
}
