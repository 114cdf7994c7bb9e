extension ProcessorElement {
    /// Shows each record to a closure and hands it on; serves `foreach` too, which has nobody to hand it to.
    ///
    /// Kafka: `KStreamPeek`.
    @inlinable
    static func peek<Key, Value>(
        name: String, _ action: @escaping @Sendable (Record<Key, Value>) throws -> Void
    ) -> ProcessorElement {
        ProcessorElement(name: name) { node in
            let forward = try node.forward(Record<Key, Value>.self)
            let (context, name) = (node.context, node.name)
            return TypedReceiver<Key, Value> { record in
                do { try action(record) } catch { return try context.processingFailed(error, at: name) }
                try forward(record)
            }
        }
    }
}
