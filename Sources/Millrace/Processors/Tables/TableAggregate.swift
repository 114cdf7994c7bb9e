extension ProcessorElement {
    /// Aggregates a grouped table: subtracts the old value, then adds the new one. Kafka: `KTableAggregate`, `KTableReduce`.
    ///
    /// - Parameters:
    ///   - adder: gets the aggregate so far, `nil` if there is none.
    ///   - subtractor: called only if there is an aggregate.
    @inlinable
    static func tableAggregate<Key, Value, Aggregate>(
        name: String, store: StorePlan, key: Serde<Key>, aggregate serde: Serde<Aggregate>, problem: String?,
        adder: @escaping @Sendable (Key, Value, Aggregate?) throws -> Aggregate?,
        subtractor: @escaping @Sendable (Key, Value, Aggregate) throws -> Aggregate?
    ) -> ProcessorElement {
        ProcessorElement(name: name, store: store, problem: problem) { node in
            let table: TableOutput<Key, Aggregate> = try node.tableOutput(key: key, value: serde)
            let (drops, name) = (node.drops, node.name)
            return TypedReceiver<Key, Change<Value>>(at: node) { record in
                guard let key = record.key, let change = record.value else { return drops.drop(.nullKey, at: name) }
                let stored = try table.get(key)
                var aggregate = stored?.value
                var touched = false
                if let old = change.oldValue, let present = aggregate {
                    aggregate = try subtractor(key, old, present)
                    touched = true
                }
                if let new = change.newValue {
                    aggregate = try adder(key, new, aggregate)
                    touched = true
                }
                var timestampMs = record.timestampMs
                if touched, let stored { timestampMs = max(timestampMs, stored.timestampMs) }
                try table.set(
                    key, to: aggregate, from: stored?.value, timestampMs: timestampMs, by: record, isKeyRead: true)
            }
        }
    }
}
