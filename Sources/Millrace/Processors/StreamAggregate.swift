extension ProcessorElement {
    /// Aggregates the records of each key of a stream. A null key or value is dropped. Kafka: `KStreamAggregate`.
    ///
    /// - Parameter aggregator: gets the key and the value, the whole record, and the aggregate so far.
    @inlinable
    static func streamAggregate<Key, Value, Aggregate>(
        at place: AggregationPlace<Key, Aggregate>, initial: @escaping @Sendable () throws -> Aggregate,
        _ aggregator: @escaping @Sendable (Key, Value, Record<Key, Value>, Aggregate) throws -> Aggregate?
    ) -> ProcessorElement {
        ProcessorElement(at: place) { node in
            let table: TableOutput<Key, Aggregate> = try node.tableOutput(
                storeName: place.storeName, key: place.key, value: place.aggregate)
            let (drops, name) = (node.drops, node.name)
            return TypedReceiver<Key, Value>(at: node) { record in
                guard let key = record.key, let value = record.value else {
                    return drops.drop(.nullKeyOrValue, at: name)
                }
                let stored = try table.get(key)
                let old = try stored?.value ?? initial()
                let new = try aggregator(key, value, record, old)
                let timestampMs = max(record.timestampMs, stored?.timestampMs ?? record.timestampMs)
                try table.set(key, to: new, from: old, timestampMs: timestampMs, by: record, isKeyRead: true)
            }
        }
    }
}
