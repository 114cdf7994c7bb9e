extension ProcessorElement {
    /// Forwards the records that satisfy a predicate. Kafka: `KStreamFilter`.
    @inlinable
    static func filter<Key, Value>(
        name: String, _ predicate: @escaping @Sendable (Record<Key, Value>) throws -> Bool
    ) -> ProcessorElement {
        ProcessorElement(name: name) { node in
            let forward = try node.forward(Record<Key, Value>.self)
            return TypedReceiver<Key, Value>(at: node, silence: { _ in .filtered }) { record in
                if try predicate(record) { try forward(record) }
            }
        }
    }
}
