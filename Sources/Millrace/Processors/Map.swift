extension ProcessorElement {
    /// Turns each record into another one; a result of `nil` drops it, since it has no value to make one from.
    ///
    /// It serves `map`, `mapValues` and `selectKey`. Kafka: `KStreamMap`, `KStreamMapValues`.
    @inlinable
    static func map<Key, Value, NewKey, NewValue>(
        name: String, _ transform: @escaping @Sendable (Record<Key, Value>) throws -> Record<NewKey, NewValue>?
    ) -> ProcessorElement {
        ProcessorElement(name: name) { node in
            let forward = try node.forward(Record<NewKey, NewValue>.self)
            let (drops, name) = (node.drops, node.name)
            return TypedReceiver<Key, Value>(at: node) { record in
                guard let result = try transform(record) else { return drops.drop(.nullValue, at: name) }
                try forward(result)
            }
        }
    }
}
