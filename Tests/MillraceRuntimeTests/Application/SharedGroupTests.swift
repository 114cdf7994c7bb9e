import KafkaClient
import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    @Suite("Applications that are not alone in their group")
    struct SharedGroupTests {
        private let cluster: TestCluster
        private let application = TestCluster.uniqueName("payments")

        init() throws { cluster = try TestCluster() }

        private func write(_ numbers: Range<Int>, to topic: String) throws {
            try cluster.write(numbers.map { TestRecord(key: "k\($0)", value: "\($0)") }, to: topic)
        }

        @Test("a plain consumer that joins and commits has no effect: no result is missing, and it is named")
        func plainConsumer() async throws {
            let directory = try TestDirectory()
            let input = try cluster.createTopic("in", partitions: 4)
            let output = try cluster.createTopic("out")
            let instance = try RunningInstance(cluster.configuration(application, directory)) { builder in
                builder.stream(input, key: .string, value: .string).to(output)
            }
            try write(0..<50, to: input)
            try await instance.awaits(processed: 50)
            let consumer = try KafkaConsumer([
                "bootstrap.servers": cluster.bootstrapServers, "broker.address.family": "v4", "group.id": application,
                "client.id": "stranger", "auto.offset.reset": "earliest", "session.timeout.ms": "6000",
                "heartbeat.interval.ms": "200", "partition.assignment.strategy": "range",
            ])
            try consumer.subscribe([input])
            try await eventually("the stranger's name") {
                let batch = try consumer.poll(maxMessages: 100, timeoutMs: 50)
                for event in batch.events {
                    if case .assigned(let partitions) = event {
                        try consumer.assign(
                            partitions.enumerated().map { AssignedPartition($1, slot: $0, start: .absolute(0)) })
                    }
                    if case .revoked = event { try consumer.unassign() }
                }
                return instance.metrics.troubles.contains { $0.contains("stranger") }
            }
            try write(50..<150, to: input)
            try await instance.awaits(processed: 150)
            try consumer.close()
            try write(150..<200, to: input)
            try await instance.awaits(processed: 200)
            try await instance.stop()
            #expect(try Set(cluster.read(output).compactMap(\.key)) == Set((0..<200).map { "k\($0)" }))
            #expect(try cluster.read(output).count == 200)
        }

        @Test("a second topology under the same application id ends with the difference, and the first continues")
        func otherTopology() async throws {
            let (directory, otherDirectory) = (try TestDirectory(), try TestDirectory())
            let (input, other) = (try cluster.createTopic("in", partitions: 2), try cluster.createTopic("other"))
            let output = try cluster.createTopic("out")
            let first = try RunningInstance(cluster.configuration(application, directory)) { builder in
                builder.stream(input, key: .string, value: .string).to(output)
            }
            try await first.awaits(.running)
            let second = try RunningInstance(cluster.configuration(application, otherDirectory)) { builder in
                builder.stream(other, key: .string, value: .string).to(output)
            }
            let failure = try await second.failure()
            #expect(failure.code == .otherTopology)
            #expect(failure.message.contains(other) && failure.message.contains(application))
            try write(0..<20, to: input)
            try await first.awaits(processed: 20)
            try await first.stop()
            #expect(try cluster.read(output).count == 20)
        }

        @Test("a pattern matches topics whose names begin with the application's id")
        func pattern() async throws {
            let directory = try TestDirectory()
            try cluster.createTopic(named: "\(application)-card")
            let output = try cluster.createTopic("out")
            let instance = try RunningInstance(cluster.configuration(application, directory)) { builder in
                builder.stream(matching: "\(application)-.*", key: .string, value: .string).groupByKey()
                    .count(into: .store("counts").withoutCache()).toStream().to(output)
            }
            try write(0..<20, to: "\(application)-card")
            try await instance.awaits(processed: 20)
            try await instance.stop()
            #expect(try cluster.read(output).count == 20)
        }
    }
}
