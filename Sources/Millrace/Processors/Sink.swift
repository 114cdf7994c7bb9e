extension SinkElement {
    /// Writes records to a topic.
    @inlinable
    static func sink<Key, Value>(
        name: String, topic: TopicName, key: Serde<Key>, value: Serde<Value>, problem: String? = nil,
        partition: StreamPartitioner<Key, Value>? = nil
    ) -> SinkElement {
        SinkElement(name: name, target: .topic(topic), problem: problem) { node in
            let output = try node.context.output(to: topic)
            let (context, name) = (node.context, node.name)
            let scratch = Scratch()
            return TypedReceiver<Key, Value>(at: node) { record in
                scratch.key.removeAll(keepingCapacity: true)
                scratch.value.removeAll(keepingCapacity: true)
                do {
                    // A client would take a negative one for "now".
                    try checkTimestamp(record.timestampMs, node: name)
                    if let recordKey = record.key { try key.serialize(recordKey, into: &scratch.key) }
                    if let recordValue = record.value { try value.serialize(recordValue, into: &scratch.value) }
                } catch {
                    return try context.productionFailed(error, at: name)
                }
                if let partition {
                    return try scratch.send(record, key, to: output, partition: partition, context, name)
                }
                try scratch.key.withUnsafeBytes { keyBuffer in
                    try scratch.value.withUnsafeBytes { valueBuffer in
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

extension Serde {
    /// The partition for a key only part of which counts: that of a window's key, without the window. Kafka:
    /// `WindowedStreamPartitioner`.
    @inlinable
    func partition(ofBytes key: UnsafeRawBufferPointer, in output: any RecordOutput) throws -> Int32? {
        if partitioningSuffixCount == 0 || key.count < partitioningSuffixCount { return nil }
        return KafkaPartitioner.partition(
            for: UnsafeRawBufferPointer(rebasing: key.dropLast(partitioningSuffixCount)),
            count: try output.partitionCount())
    }
}

extension Scratch {
    /// Sends a record, serialised here, to the partitions that a partitioner chooses for it.
    @inlinable
    func send<Key, Value>(
        _ record: Record<Key, Value>, _ serde: Serde<Key>, to output: any RecordOutput,
        partition: StreamPartitioner<Key, Value>, _ context: any TaskContext, _ name: String
    ) throws {
        let count: Int32
        do { count = try output.partitionCount() } catch { return try context.productionFailed(error, at: name) }
        let choice = partition(record, count)
        let isSent = try key.withUnsafeBytes { keyBuffer in
            try value.withUnsafeBytes { valueBuffer in
                try output.send(
                    to: choice, keyPartition: serde.partition(ofBytes: keyBuffer, in: output),
                    key: record.key == nil ? nil : keyBuffer, value: record.value == nil ? nil : valueBuffer,
                    timestampMs: record.timestampMs, headers: record.headers)
            }
        }
        if !isSent { context.drop(.noPartition, at: name) }
    }
}
