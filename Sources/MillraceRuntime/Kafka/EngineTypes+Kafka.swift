import KafkaClient
import Millrace
import MillraceEngine

// These are conversions between the engine's types and the client's: neither knows of the other, and the client's are librdkafka's.

extension KafkaClient.TopicPartition {
    init(_ partition: Millrace.TopicPartition) { self.init(partition.topic, partition.partition) }
}

extension Millrace.TopicPartition {
    init(_ partition: KafkaClient.TopicPartition) {
        self.init(topic: partition.topic, partition: partition.partition)
    }
}

extension Headers {
    init(_ headers: [MessageHeader]) {
        self = headers.isEmpty ? Headers() : Headers(headers.map { Header(name: $0.name, value: $0.value) })
    }
}

extension KafkaClient.NewTopic {
    init(_ topic: MillraceEngine.NewTopic) {
        self.init(
            topic.name, partitions: topic.partitions, replicationFactor: Int32(topic.replicationFactor),
            configs: topic.configuration)
    }
}

extension [Millrace.TopicPartition: MillraceEngine.CommittedOffset] {
    /// The same offsets in the client's type.
    var forClient: [KafkaClient.TopicPartition: KafkaClient.CommittedOffset] {
        var offsets: [KafkaClient.TopicPartition: KafkaClient.CommittedOffset] = [:]
        for (partition, offset) in self {
            offsets[KafkaClient.TopicPartition(partition)] = KafkaClient.CommittedOffset(
                offset.offset, metadata: offset.metadata)
        }
        return offsets
    }
}
