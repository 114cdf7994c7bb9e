extension ProcessorElement {
    /// Combines the values of a grouped table: subtracts the old value, then adds the new one. Kafka: `KTableReduce`.
    @inlinable
    static func tableReduce<Key, Value>(
        name: String, store: StorePlan, key: Serde<Key>, value serde: Serde<Value>, problem: String?,
        adder: @escaping @Sendable (Value, Value) throws -> Value?,
        subtractor: @escaping @Sendable (Value, Value) throws -> Value?
    ) -> ProcessorElement {
        ProcessorElement(name: name, store: store, problem: problem) { node in
            let table: TableOutput<Key, Value> = try node.tableOutput(key: key, value: serde)
            let (context, name) = (node.context, node.name)
            return TypedReceiver<Key, Change<Value>> { record in
                guard let key = record.key, let change = record.value else { return context.drop(.nullKey, at: name) }
                let stored = try table.get(key)
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
                var timestampMs = record.timestampMs
                if touched, let stored { timestampMs = max(timestampMs, stored.timestampMs) }
                try table.set(
                    key, to: aggregate, from: stored?.value, timestampMs: timestampMs, by: record, isKeyRead: true)
            }
        }
    }
}
