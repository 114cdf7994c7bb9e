extension SourceElement {
    /// Reads topics into a stream of records.
    @inlinable
    static func source<Key, Value>(
        name: String, topics: [TopicName], key: Serde<Key>, value: Serde<Value>,
        timestamp: TimestampExtractor<Key, Value>, offsetReset: AutoOffsetReset = .ofApplication,
        isGlobal: Bool = false,
        problem: String?
    ) -> SourceElement {
        var source = SourceElement(name: name, topics: topics, isGlobal: isGlobal, problem: problem) { node in
            let forward = try node.forward(Record<Key, Value>.self)
            let (context, name) = (node.context, node.name)
            let head = Cell<Record<Key, Value>?>(nil)
            return SourceReader(
                decode: { raw, partitionTimeMs in
                    var record = Record<Key, Value>(
                        key: nil, value: nil, timestampMs: raw.pointee.timestampMs, headers: raw.pointee.headers)
                    do {
                        if let bytes = raw.pointee.key { record.key = try key.deserialize(bytes) }
                        if let bytes = raw.pointee.value { record.value = try value.deserialize(bytes) }
                    } catch {
                        try context.deserializationFailed(error, of: raw.pointee, at: name)
                        return nil
                    }
                    let timestampMs: Int64
                    do { timestampMs = try timestamp.extract(record, partitionTimeMs) } catch {
                        try context.processingFailed(error, of: raw.pointee, at: name)
                        return nil
                    }
                    guard timestampMs >= 0 else {
                        context.drop(.negativeTimestamp, at: name)
                        return nil
                    }
                    record.timestampMs = timestampMs
                    head.value.pointee = record
                    return timestampMs
                },
                process: {
                    guard let record = head.value.pointee.take() else { return }
                    try forward(record)
                })
        }
        source.offsetReset = offsetReset
        return source
    }
}
