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
                    read += try port.poll(maxRecords: 10, timeoutMs: 100).runs.reduce(0) { $0 + $1.count }
                    return read == 5
                }
                try port.pause([partition])
            }
        }
    }

    @Test("a commit of a member that was removed without noticing is refused")
    func thrownOut() async throws {
        try await FaultyBroker.with { faulty in
            let settings: ClientSettings = [
                "bootstrap.servers": faulty.cluster.bootstrapServers, "group.id": "g", "enable.auto.commit": "false",
                "broker.address.family": "v4", "session.timeout.ms": "1000", "heartbeat.interval.ms": "100",
                "max.poll.interval.ms": "1000", "partition.assignment.strategy": "range",
            ]
            let port = try KafkaConsumerPort(
                settings, role: .member, timeoutMs: 5_000, clock: SystemClock(), log: { _ in })
            defer { port.close() }
            let producer = try KafkaProducerPort(
                [
                    "bootstrap.servers": faulty.cluster.bootstrapServers, "broker.address.family": "v4",
                    "transactional.id": "t",
                ], metadataMaxAge: TimeSpan(ms: 60_000), clock: SystemClock(), log: { _ in })
            defer { producer.close() }
            try producer.initTransactions()
            try port.subscribe(to: [topic])
            let partition = Millrace.TopicPartition(topic: topic, partition: 0)
            try await eventually("the assignment") {
                _ = try port.poll(maxRecords: 1, timeoutMs: 100)
                return port.takeMembershipEvents().contains { if case .assigned = $0 { true } else { false } }
            }
            try port.assign([PartitionAssignment(partition: partition, slot: 0, offset: 0)])
            // Without a poll librdkafka leaves the group and forgets the member's generation before it reports anything.
            try await eventually("the end of the membership") { port.memberID() == nil }
            try producer.beginTransaction()
            let error = #expect(throws: PortError.self) {
                try producer.commitTransaction(
                    offsets: [partition: MillraceEngine.CommittedOffset(offset: 5, metadata: "")],
                    group: try port.groupMetadata())
            }
            #expect(error?.kind == .staleGeneration, "\(String(describing: error))")
            #expect(try port.committed([partition], withinMs: nil).isEmpty)
        }
    }

    private let topic = RiskScoreTopology.events
}
