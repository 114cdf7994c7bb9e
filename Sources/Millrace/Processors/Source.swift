extension SourceElement {
    /// Reads topics into a stream of records. Kafka: `SourceNode`.
    @inlinable
    static func source<Key, Value>(
        name: String, topics: [TopicName], key: Serde<Key>, value: Serde<Value>,
        timestamp: TimestampExtractor<Key, Value>, offsetReset: AutoOffsetReset = .ofApplication,
        isGlobal: Bool = false,
        problem: String?
    ) -> SourceElement {
        var source = SourceElement(name: name, topics: topics, isGlobal: isGlobal, problem: problem) { node in
            try SourceReader(at: node, key: key, value: value, timestamp: timestamp)
        }
        source.offsetReset = offsetReset
        source.serdes = StoreSerdes(key, value)
        return source
    }
}
