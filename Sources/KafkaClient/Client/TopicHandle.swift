import CRdkafka

/// Owns one reference to librdkafka's topic object, which keeps its address stable and unique while this lives.
///
/// Messages carry the same address, so it serves as the topic's identity without hashing its name.
final class TopicHandle {
    let pointer: OpaquePointer
    let name: String
    /// A topic reference must be released before its client is destroyed.
    private let client: ClientHandle

    init(_ name: String, client: ClientHandle) throws(KafkaError) {
        guard let topic = rd_kafka_topic_new(client.pointer, name, nil) else {
            throw client.error(rd_kafka_last_error(), "open topic \(name)")
        }
        self.pointer = topic
        self.name = name
        self.client = client
    }

    deinit {
        rd_kafka_topic_destroy(pointer)
    }
}
