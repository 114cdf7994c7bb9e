import ClusterCore
import EmbeddedBroker
import Millrace
import MillraceRuntime
import Testing

@Suite("A broker that accepts little metadata beside an offset")
struct OffsetMetadataLimitTests {
    @Test(
        "ends the instance with an error that names its limit, instead of endless retries",
        arguments: [ProcessingGuarantee.exactlyOnce, .atLeastOnce])
    func refusal(guarantee: ProcessingGuarantee) async throws {
        var configuration = EmbeddedBrokerConfiguration()
        configuration.logger = quiet
        configuration.cluster.maxOffsetMetadataBytes = 20
        configuration.topics = [NewTopic("in", partitionCount: 1, configs: ["retention.ms": "-1"])]
        let broker = try await EmbeddedBroker.start(configuration)
        let directory = try TestDirectory()
        let cluster = TestCluster(bootstrapServers: broker.bootstrapServers)
        var settings = cluster.configuration("app", directory)
        settings.guarantee = guarantee
        settings.commitInterval = .milliseconds(50)
        try cluster.write([TestRecord(key: "a", value: "1", timestampMs: 1_000)], to: "in")
        let instance = try RunningInstance(settings) { builder in
            _ = builder.stream("in", key: .string, value: .string).groupByKey().windowedBy(.tumbling(.seconds(1)))
                .count(into: .store("counts"))
        }
        let error = try await instance.failure()
        #expect(error.code == .broker)
        #expect(error.message.contains("its limit, offset.metadata.max.bytes, is below the default of 4096"))
        try await broker.stop()
    }
}
