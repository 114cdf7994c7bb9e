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
            var keyBytes: [UInt8] = []
            var valueBytes: [UInt8] = []
            return TypedReceiver<Key, Value> { record in
                keyBytes.removeAll(keepingCapacity: true)
                valueBytes.removeAll(keepingCapacity: true)
                do {
                    if let recordKey = record.key { try key.serialize(recordKey, into: &keyBytes) }
                    if let recordValue = record.value { try value.serialize(recordValue, into: &valueBytes) }
                } catch {
                    return try context.productionFailed(error, at: name)
                }
                try keyBytes.withUnsafeBytes { keyBuffer in
                    try valueBytes.withUnsafeBytes { valueBuffer in
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
