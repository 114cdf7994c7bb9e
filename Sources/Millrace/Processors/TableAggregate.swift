extension ProcessorElement {
    /// Aggregates a grouped table: subtracts the old value, then adds the new one. Kafka: `KTableAggregate`.
    @inlinable
    static func tableAggregate<Key, Value, Aggregate>(
        name: String, store: StorePlan, key: Serde<Key>, aggregate serde: Serde<Aggregate>, problem: String?,
        initial: @escaping @Sendable () throws -> Aggregate,
        adder: @escaping @Sendable (Key, Value, Aggregate) throws -> Aggregate?,
        subtractor: @escaping @Sendable (Key, Value, Aggregate) throws -> Aggregate?
    ) -> ProcessorElement {
        ProcessorElement(name: name, store: store, problem: problem) { node in
            let forward = try node.forward(Record<Key, Change<Aggregate>>.self)
            let store = try node.timestampedStore(key: key, value: serde)
            let (context, name, sendsOldValues) = (node.context, node.name, node.sendsOldValues)
            return TypedReceiver<Key, Change<Value>> { record in
                guard let key = record.key, let change = record.value else { return context.drop(.nullKey, at: name) }
                let stored = try store.get(key)
                var aggregate = stored?.value
                var touched = false
                do {
                    if let old = change.oldValue, let present = aggregate {
                        aggregate = try subtractor(key, old, present)
                        touched = true
                    }
                    if let new = change.newValue {
                        aggregate = try adder(key, new, aggregate ?? initial())
                        touched = true
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
