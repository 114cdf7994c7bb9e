extension ProcessorElement {
    /// Combines the values of each key of a stream. A null key or value is dropped. Kafka: `KStreamReduce`.
    @inlinable
    static func streamReduce<Key, Value>(
        at place: AggregationPlace<Key, Value>, _ reducer: @escaping @Sendable (Value, Value) throws -> Value?
    ) -> ProcessorElement {
        ProcessorElement(at: place) { node in
            let table: TableOutput<Key, Value> = try node.tableOutput(
                storeName: place.storeName, key: place.key, value: place.aggregate)
            let (drops, name) = (node.drops, node.name)
            return TypedReceiver<Key, Value>(at: node) { record in
                guard let key = record.key, let value = record.value else {
                    return drops.drop(.nullKeyOrValue, at: name)
                }
                let stored = try table.get(key)
                let new = if let stored { try reducer(stored.value, value) } else { value as Value? }
                let timestampMs = max(record.timestampMs, stored?.timestampMs ?? record.timestampMs)
                try table.set(key, to: new, from: stored?.value, timestampMs: timestampMs, by: record, isKeyRead: true)
            }
        }
    }
}
