extension ProcessorElement {
    /// Hands every record on: a merge of streams, or a branch of a split one. Kafka: `PassThrough`.
    @inlinable
    static func passThrough<Key, Value>(name: String, _ type: Record<Key, Value>.Type) -> ProcessorElement {
        ProcessorElement(name: name) { node in
            TypedReceiver<Key, Value>(try node.forward(Record<Key, Value>.self))
        }
    }
}
