extension SinkElement {
    /// Writes records to a topic.
    @inlinable
    static func sink<Key, Value>(
        name: String, topic: TopicName, key: Serde<Key>, value: Serde<Value>, problem: String? = nil,
        partition: (@Sendable (Record<Key, Value>) -> Int32?)? = nil
    ) -> SinkElement {
        SinkElement(name: name, target: .topic(topic), problem: problem) { node in
            let output = try node.context.output(to: topic)
            let (context, name) = (node.context, node.name)
            let scratch = Scratch()
            return TypedReceiver<Key, Value> { record in
                scratch.key.removeAll(keepingCapacity: true)
                scratch.value.removeAll(keepingCapacity: true)
                do {
                    if let recordKey = record.key { try key.serialize(recordKey, into: &scratch.key) }
                    if let recordValue = record.value { try value.serialize(recordValue, into: &scratch.value) }
                } catch {
                    return try context.productionFailed(error, at: name)
                }
                try scratch.key.withUnsafeBytes { keyBuffer in
                    try scratch.value.withUnsafeBytes { valueBuffer in
                        try output.send(
                            key: record.key == nil ? nil : keyBuffer, value: record.value == nil ? nil : valueBuffer,
                            partition: partition?(record) ?? key.partition(ofBytes: keyBuffer, in: output),
                            timestampMs: record.timestampMs, headers: record.headers)
                    }
                }
            }
        }
    }
}

extension Serde {
    /// The partition for a key only part of which counts: that of a window's key, without the window. Kafka:
    /// `WindowedStreamPartitioner`.
    @inlinable
    func partition(ofBytes key: UnsafeRawBufferPointer, in output: any RecordOutput) throws -> Int32? {
        if partitioningSuffixCount == 0 || key.count < partitioningSuffixCount { return nil }
        return try output.partition(forKey: UnsafeRawBufferPointer(rebasing: key.dropLast(partitioningSuffixCount)))
    }
}
