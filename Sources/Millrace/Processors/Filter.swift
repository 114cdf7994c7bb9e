extension ProcessorElement {
    /// Hands on the records that satisfy a predicate. Kafka: `KStreamFilter`.
    @inlinable
    static func filter<Key, Value>(
        name: String, _ predicate: @escaping @Sendable (Record<Key, Value>) throws -> Bool
    ) -> ProcessorElement {
        ProcessorElement(name: name) { node in
            let forward = try node.forward(Record<Key, Value>.self)
            let (context, name) = (node.context, node.name)
            return TypedReceiver<Key, Value> { record in
                let passes: Bool
                do { passes = try predicate(record) } catch { return try context.processingFailed(error, at: name) }
                if passes { try forward(record) }
            }
        }
    }
}
