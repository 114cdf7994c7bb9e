import Millrace
import MillraceConnect

@testable import MillraceRedis
@testable import MillraceTesting

/// The sink of streams with a simulated server.
// @unchecked: a simulation has one thread.
final class SimulatedRedisTarget: SimulatedSinkTarget, @unchecked Sendable {
    private let server: SimulatedRedis
    private let sink: RedisStreamsSink

    init(_ world: SimulatedWorld, _ fault: RedisSinkFault) {
        server = SimulatedRedis(world, fault)
        var configuration = RedisStreamsSink.Configuration(name: "sink", streams: ["in": "out"])
        (configuration.entry, configuration.keyField) = (.fields, nil)
        sink = RedisStreamsSink(configuration, sessions: server, chunkCount: 3)
    }

    var topics: [String] { sink.topics }

    var breaks: Bool {
        get { server.breaks }
        set { server.breaks = newValue }
    }

    func open() -> any SinkWriter { sink.open() }

    func turn() { server.turn() }

    var rows: [TopicPartition: [String]] {
        Dictionary(grouping: server.data.entries, by: { partition(of: $0.partition) })
            .mapValues { $0.map { "{\"\($0.fields[0])\":\($0.fields[1])}" } }
    }

    var offsets: [TopicPartition: Int64] {
        Dictionary(
            server.data.hashes.compactMap { key, hash in
                hash["offset"].flatMap { Int64($0) }.map { (partition(of: key), $0) }
            }, uniquingKeysWith: { $1 })
    }

    private func partition(of key: String) -> TopicPartition {
        TopicPartition(topic: "in", partition: key.split(separator: ":").last.flatMap { Int32($0) } ?? -1)
    }
}
