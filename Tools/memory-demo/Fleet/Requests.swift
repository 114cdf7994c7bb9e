import AgentMemory
import Foundation
import KafkaClient

/// The requests to agents that the demo writes, each of which needs one decision.
struct Requests {
    private let producer: KafkaProducer
    private let topic: ProducerTopic
    /// The number of requests so far.
    private(set) var count = 0

    init(_ bootstrapServers: String) throws {
        producer = try KafkaProducer([
            "bootstrap.servers": bootstrapServers, "partitioner": "murmur2_random", "enable.idempotence": "true",
        ])
        topic = try producer.topic(named: AgentMemoryTopology.requests)
    }

    mutating func send(_ random: inout SeededGenerator) throws {
        let request = AgentRequest(agent: "agent-\(count % 7)", risk: Double.random(in: 0...1, using: &random))
        let (key, value) = (Array("request-\(count)".utf8), Array(try JSONEncoder().encode(request)))
        try key.withUnsafeBytes { key in
            try value.withUnsafeBytes { value in try producer.produce(topic, key: key, value: value) }
        }
        count += 1
    }

    func flush() throws { try producer.flush(timeoutMs: 30_000) }
}
