extension SinkElement {
    /// Writes each record to the topic that is chosen for it. Kafka: a `SinkNode` with a `TopicNameExtractor`.
    ///
    /// - Parameters:
    ///   - chooser: how the topology's description calls what chooses.
    ///   - choose: the topic's full name.
    @inlinable
    static func sink<Key, Value>(
        name: String, chooser: String, key: Serde<Key>, value: Serde<Value>, problem: String? = nil,
        partition: StreamPartitioner<Key, Value>? = nil,
        choosing choose: @escaping @Sendable (Record<Key, Value>) throws -> String
    ) -> SinkElement {
        SinkElement(name: name, target: .chosen(by: chooser), problem: problem) { node in
            let (context, name) = (node.context, node.name)
            let bytes = Scratch()
            return TypedReceiver<Key, Value>(at: node) { record in
                bytes.key.removeAll(keepingCapacity: true)
                bytes.value.removeAll(keepingCapacity: true)
                let topic = try choose(record)
                let output: any RecordOutput
                do {
                    // A client would take a negative one for "now".
                    try checkTimestamp(record.timestampMs, node: name)
                    output = try context.chosenOutput(toTopic: topic)
                    if let recordKey = record.key { try key.serialize(recordKey, into: &bytes.key) }
                    if let recordValue = record.value { try value.serialize(recordValue, into: &bytes.value) }
                } catch {
                    return try context.productionFailed(error, at: name)
                }
                if let partition {
                    return try bytes.send(record, key, to: output, partition: partition, context, name)
                }
                try bytes.key.withUnsafeBytes { keyBuffer in
                    try bytes.value.withUnsafeBytes { valueBuffer in
                        try output.send(
                            key: record.key == nil ? nil : keyBuffer, value: record.value == nil ? nil : valueBuffer,
                            partition: key.partition(ofBytes: keyBuffer, in: output), timestampMs: record.timestampMs,
                            headers: record.headers)
                    }
                }
            }
        }
    }
}
