import EmbeddedBroker
import KafkaClient
import Millrace
import MillraceEngine
import PortContracts
import Testing

@testable import MillraceRuntime

/// The real client over TCP, with a broker in this process.
private final class KafkaLab: PortLab {
    private let broker: EmbeddedBroker
    let clock: any WallClock = SystemClock()
    let admin: any AdminPort

    static func check(_ behaviour: PortBehaviour) async throws {
        var configuration = EmbeddedBrokerConfiguration()
        configuration.logger = quiet
        let broker = try await EmbeddedBroker.start(configuration)
        do {
            try behaviour.check(KafkaLab(broker))
        } catch {
            try? await broker.stop()
            throw error
        }
        try await broker.stop()
    }

    private init(_ broker: EmbeddedBroker) throws {
        self.broker = broker
        admin = try KafkaAdminPort(
            Self.configuration(broker, "admin").adminSettings(clientID: "admin"), timeoutMs: 10_000, log: { _ in })
    }

    private static func configuration(_ broker: EmbeddedBroker, _ group: String) -> StreamsConfiguration {
        var configuration = StreamsConfiguration(
            applicationID: group, bootstrapServers: [broker.bootstrapServers], stateDirectory: "unused")
        configuration.clientSettings.common = TestCluster.common
        configuration.clientSettings.consumer = ["session.timeout.ms": "6000", "heartbeat.interval.ms": "100"]
        configuration.clientSettings.producer = ["topic.metadata.propagation.max.ms": "500"]
        return configuration
    }

    func makeReader() throws -> any ReaderPort {
        try KafkaConsumerPort(
            Self.configuration(broker, "readers").restoreSettings(clientID: "reader"), role: .restorer,
            timeoutMs: 10_000, clock: clock, log: { _ in })
    }

    func makeConsumer(group: String, clientID: String) throws -> any GroupConsumer {
        try KafkaConsumerPort(
            Self.configuration(broker, group).consumerSettings(clientID: clientID, worker: 0), role: .member,
            timeoutMs: 10_000, clock: clock, log: { _ in })
    }

    func makeProducer(transactionalID: String?) throws -> any ProducerPort {
        var configuration = Self.configuration(broker, "producers")
        configuration.guarantee = transactionalID == nil ? .atLeastOnce : .exactlyOnce
        return try KafkaProducerPort(
            configuration.producerSettings(clientID: "producer", transactionalID: transactionalID ?? ""),
            metadataMaxAge: TimeSpan(ms: 60_000), clock: clock, log: { _ in })
    }
}

@Suite("The ports over the real client keep their contracts", .serialized, .timeLimit(.minutes(15)))
struct KafkaPortTests {
    @Test("reading", arguments: ReaderContract.behaviours + ReaderContract.transactionalBehaviours)
    func reading(behaviour: PortBehaviour) async throws { try await KafkaLab.check(behaviour) }

    @Test("membership", arguments: MembershipContract.behaviours)
    func membership(behaviour: PortBehaviour) async throws { try await KafkaLab.check(behaviour) }

    @Test("committed offsets", arguments: OffsetsContract.behaviours + OffsetsContract.memberBehaviours)
    func offsets(behaviour: PortBehaviour) async throws { try await KafkaLab.check(behaviour) }

    @Test(
        "producing",
        arguments: ProducerContract.behaviours + ProducerContract.clusterBehaviours
            + ProducerContract.transactionalBehaviours)
    func producing(behaviour: PortBehaviour) async throws { try await KafkaLab.check(behaviour) }

    @Test("administration", arguments: AdminContract.behaviours + AdminContract.groupBehaviours)
    func administration(behaviour: PortBehaviour) async throws { try await KafkaLab.check(behaviour) }
}
