import KafkaClient
import RiskScore

/// The demo's own view of the cluster, beside the application that it watches: its topics, a producer, consumers.
///
/// It uses the bare client, so that the code that is proven takes no part in the proof.
struct DemoBroker {
    let options: DemoOptions

    private func settings(_ others: [(String, String)] = []) -> ClientSettings {
        var settings: ClientSettings = ["bootstrap.servers": options.bootstrapServers, "client.id": "risk-demo"]
        for (name, value) in options.clientSettings.map({ ($0.key, $0.value) }) + others { settings[name] = value }
        return settings
    }

    var topics: [String] {
        [RiskScoreTopology.events, RiskScoreTopology.scores, RiskScoreTopology.alerts, options.deadLetterTopic]
    }

    /// Creates the topics that are missing.
    func createTopics() throws {
        let admin = try KafkaAdmin(settings())
        let wanted = topics.map { NewTopic($0, partitions: options.partitions) }
        for case .failure(let error) in try admin.createTopics(wanted, timeoutMs: 10_000).values
        where error.code != .topicAlreadyExists {
            throw error
        }
    }

    func producer() throws -> KafkaProducer {
        try KafkaProducer(
            settings([("partitioner", "murmur2_random"), ("enable.idempotence", "true"), ("linger.ms", "20")]))
    }

    /// A consumer of whole topics from their beginning, which sees committed records only.
    func consumer(of topics: [String]) throws -> (consumer: KafkaConsumer, partitions: [TopicPartition]) {
        let admin = try KafkaAdmin(settings())
        let described = try admin.describeTopics(topics, timeoutMs: 10_000)
        var partitions: [TopicPartition] = []
        for topic in topics {
            guard let found = described[topic] else { continue }
            partitions += try found.get().partitions.map { TopicPartition(topic, $0.id) }
        }
        let consumer = try KafkaConsumer(
            settings([
                ("group.id", "risk-demo-observer"), ("enable.auto.commit", "false"),
                ("isolation.level", "read_committed"), ("enable.partition.eof", "true"),
            ]))
        try consumer.assign(
            partitions.enumerated().map { AssignedPartition($1, slot: $0, start: .beginning) })
        return (consumer, partitions)
    }

    /// Reads topics from their beginning to their end.
    func readAll(_ topics: [String], _ body: (String, ConsumedMessage) throws -> Void) throws {
        let (consumer, partitions) = try consumer(of: topics)
        var open = Set(partitions.indices)
        while !open.isEmpty {
            let batch = try consumer.poll(maxMessages: 5_000, timeoutMs: 500)
            for message in batch.messages { try body(message.topic, message) }
            for case .endOfPartition(let slot, _) in batch.events { open.remove(slot) }
            if let fatal = consumer.fatalError { throw fatal }
        }
        try consumer.close()
    }
}
