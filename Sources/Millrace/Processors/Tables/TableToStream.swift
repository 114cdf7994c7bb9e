extension ProcessorElement {
    /// Makes a stream of the new values of a table's changes. Kafka: `KTable.toStream`.
    @inlinable
    static func tableToStream<Key, Value>(name: String, _ type: Record<Key, Value>.Type) -> ProcessorElement {
        ProcessorElement(name: name) { node in
            let forward = try node.forward(Record<Key, Value>.self)
            return TypedReceiver<Key, Change<Value>>(at: node) { record in
                try forward(record.with(value: record.value.flatMap(\.newValue)))
            }
        }
    }
}
