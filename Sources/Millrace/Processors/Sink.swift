extension SinkElement {
    /// Writes records to a topic. Kafka: `SinkNode`.
    @inlinable
    static func sink<Key, Value>(
        name: String, topic: TopicName, key: Serde<Key>, value: Serde<Value>, problem: String? = nil,
        partition: StreamPartitioner<Key, Value>? = nil
    ) -> SinkElement {
        var sink = SinkElement(name: name, target: .topic(topic), problem: problem) { node in
            let output = try node.topics.output(to: topic)
            let collector = RecordCollector(of: node, key: key, value: value, partition: partition)
            return TypedReceiver<Key, Value>(at: node) { record in try collector.send(record, to: output) }
        }
        sink.serdes = StoreSerdes(key, value)
        return sink
    }

    /// Writes each record to the topic that is chosen for it. Kafka: a `SinkNode` with a `TopicNameExtractor`.
    ///
    /// - Parameters:
    ///   - chooser: the name of the choice in the topology's description.
    ///   - choose: returns the topic's full name.
    @inlinable
    static func sink<Key, Value>(
        name: String, chooser: String, key: Serde<Key>, value: Serde<Value>, problem: String? = nil,
        partition: StreamPartitioner<Key, Value>? = nil,
        choosing choose: @escaping @Sendable (Record<Key, Value>) throws -> String
    ) -> SinkElement {
        var sink = SinkElement(name: name, target: .chosen(by: chooser), problem: problem) { node in
            let collector = RecordCollector(of: node, key: key, value: value, partition: partition)
            return TypedReceiver<Key, Value>(at: node) { record in
                try collector.send(record, toTopic: choose(record))
            }
        }
        sink.serdes = StoreSerdes(key, value)
        return sink
    }
}
