extension ProcessorElement {
    /// Hands every record on: a merge of streams, or a branch of a split one. Kafka: `PassThrough`.
    @inlinable
    static func passThrough<Key, Value>(name: String, _ type: Record<Key, Value>.Type) -> ProcessorElement {
        ProcessorElement(name: name) { node in
            try TypedReceiver<Key, Value>(passing: node)
        }
    }

    /// Drops records without a key before they go to a repartition topic, unless a left join downstream of it needs them.
    ///
    /// Kafka: the filter of `KStreamImpl.createRepartitionedSource` after `InternalStreamsBuilder.rewriteRepartitionNodes`.
    @inlinable
    static func dropNullKeys<Key, Value>(name: String, _ type: Record<Key, Value>.Type) -> ProcessorElement {
        var element = ProcessorElement(name: name) { node in
            let forward = try node.forward(Record<Key, Value>.self)
            let (drops, name) = (node.drops, node.name)
            return TypedReceiver<Key, Value>(at: node) { record in
                if record.key == nil { return drops.drop(.nullKey, at: name) }
                try forward(record)
            }
        }
        element.makeKeepingNullKeys = { node in
            try TypedReceiver<Key, Value>(passing: node)
        }
        return element
    }
}
