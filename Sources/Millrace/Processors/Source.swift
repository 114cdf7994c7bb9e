extension SourceElement {
    /// Reads topics into a stream of records.
    @inlinable
    static func source<Key, Value>(
        name: String, topics: [TopicName], key: Serde<Key>, value: Serde<Value>,
        timestamp: TimestampExtractor<Key, Value>, isGlobal: Bool = false, problem: String?
    ) -> SourceElement {
        SourceElement(name: name, topics: topics, isGlobal: isGlobal, problem: problem) { node in
            let forward = try node.forward(Record<Key, Value>.self)
            let (context, name) = (node.context, node.name)
            var head: Record<Key, Value>?
            return SourceReader(
                decode: { raw, partitionTimeMs in
                    var record = Record<Key, Value>(
                        key: nil, value: nil, timestampMs: raw.timestampMs, headers: raw.headers)
                    do {
                        if let bytes = raw.key { record.key = try key.deserialize(bytes) }
                        if let bytes = raw.value { record.value = try value.deserialize(bytes) }
                    } catch {
                        try context.deserializationFailed(error, of: raw, at: name)
                        return nil
                    }
                    let timestampMs = try timestamp.extract(record, partitionTimeMs)
                    guard timestampMs >= 0 else {
                        context.drop(.negativeTimestamp, at: name)
                        return nil
                    }
                    record.timestampMs = timestampMs
                    head = record
                    return timestampMs
                },
                process: {
                    guard let record = head.take() else { return }
                    try forward(record)
                })
        }
    }
}
