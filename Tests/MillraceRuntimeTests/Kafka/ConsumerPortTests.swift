import KafkaClient
import Millrace
import MillraceEngine
import RiskScore
import Testing

@testable import MillraceRuntime

@Suite("The consumer port over the real client")
struct ConsumerPortTests {
    @Test("a paused partition that is assigned anew is read again")
    func assignedWhilePaused() async throws {
        try await FaultyBroker.with { faulty in
            try faulty.cluster.write((0..<5).map { TestRecord(key: "k", value: "\($0)", partition: 0) }, to: topic)
            let port = try KafkaConsumerPort(
                [
                    "bootstrap.servers": faulty.cluster.bootstrapServers, "group.id": "g",
                    "enable.auto.commit": "false",
                    "broker.address.family": "v4",
                ], role: .restorer, timeoutMs: 5_000, clock: SystemClock(), log: { _ in })
            defer { port.close() }
            let partition = Millrace.TopicPartition(topic: topic, partition: 0)
            for _ in 0..<3 {
                try port.assign([PartitionAssignment(partition: partition, slot: 0, offset: 0)])
                var read = 0
                try await eventually("the records") {
                    read += try port.poll(maxRecords: 10, timeoutMs: 100).records.count
                    return read == 5
                }
                try port.pause([partition])
            }
        }
    }

    private let topic = RiskScoreTopology.events
}
