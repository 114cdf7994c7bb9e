extension ProcessorElement {
    /// Turns each record into any number of others. Kafka: `KStreamFlatMap`, `KStreamFlatMapValues`.
    ///
    /// - Parameters:
    ///   - transform: returns the parts of a record; `nil` drops it, since it has no value to make them from.
    ///   - combine: makes a record of the original one and a part.
    @inlinable
    static func flatMap<Key, Value, NewKey, NewValue, Part>(
        name: String, _ transform: @escaping @Sendable (Record<Key, Value>) throws -> [Part]?,
        combine: @escaping @Sendable (Record<Key, Value>, Part) -> Record<NewKey, NewValue>
    ) -> ProcessorElement {
        ProcessorElement(name: name) { node in
            let forward = try node.forward(Record<NewKey, NewValue>.self)
            let (drops, name) = (node.drops, node.name)
            return TypedReceiver<Key, Value>(at: node, silence: { _ in .madeNothing }) { record in
                guard let parts = try transform(record) else { return drops.drop(.nullValue, at: name) }
                for part in parts { try forward(combine(record, part)) }
            }
        }
    }
}
