import KafkaClient
import Millrace
import MillraceRuntime
import Testing

extension ApplicationTests {
    @Suite("Many operators in one sub-topology")
    struct ManyOperatorsTests {
        private let cluster: TestCluster
        private let directory: TestDirectory
        private let application = TestCluster.uniqueName("app")

        init() throws {
            cluster = try TestCluster()
            directory = try TestDirectory()
        }

        /// With fewer operators their names would fit beside an offset.
        private static let count = 64

        @Test(
            "dozens of windowed counts commit, and late records stay late after a restart",
            arguments: [ProcessingGuarantee.exactlyOnce, .atLeastOnce])
        func windowedCounts(guarantee: ProcessingGuarantee) async throws {
            let (input, output) = (try cluster.createTopic("in"), try cluster.createTopic("out"))
            let define: (StreamsBuilder) -> Void = { builder in
                let grouped = builder.stream(input, key: .string, value: .string).groupByKey()
                for number in 0..<Self.count {
                    grouped.windowedBy(.tumbling(.seconds(1))).count(into: .store("count-\(number)").withoutCache())
                        .toStream().selectKey(key: .string) { windowed, _ in windowed?.key }.to(output)
                }
            }
            var configuration = cluster.configuration(application, directory)
            configuration.guarantee = guarantee
            configuration.commitInterval = .milliseconds(50)
            try cluster.write([TestRecord(key: "a", value: "1", timestampMs: 100_000)], to: input)
            let first = try RunningInstance(configuration, define)
            try await eventually("the counts") { try cluster.read(output).count == Self.count }
            try await first.stop()

            let partition = KafkaClient.TopicPartition(input, 0)
            let committed = try cluster.admin().listConsumerGroupOffsets(application, timeoutMs: 10_000)[partition]
            #expect(committed?.offset == 1)
            #expect((1...4_096).contains(committed?.metadata?.count ?? 0))

            try cluster.write(
                [
                    TestRecord(key: "a", value: "late", timestampMs: 1_000),
                    TestRecord(key: "a", value: "2", timestampMs: 100_500),
                ], to: input)
            let second = try RunningInstance(configuration, define)
            try await second.awaits(processed: 2)
            try await second.stop()
            #expect(second.metrics.droppedRecords == [.expired: Self.count])
            #expect(try cluster.read(output).map(\.text).suffix(Self.count).allSatisfy { $0 == "2" })
        }
    }
}
