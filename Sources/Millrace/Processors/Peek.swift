extension ProcessorElement {
    /// Calls a closure with each record and hands the record on; it serves `foreach` too, which has no operator downstream.
    ///
    /// Kafka: `KStreamPeek`.
    @inlinable
    static func peek<Key, Value>(
        name: String, _ action: @escaping @Sendable (Record<Key, Value>) throws -> Void
    ) -> ProcessorElement {
        ProcessorElement(name: name) { node in
            let forward = try node.forward(Record<Key, Value>.self)
            return TypedReceiver<Key, Value>(at: node) { record in
                try action(record)
                try forward(record)
            }
        }
    }
}
