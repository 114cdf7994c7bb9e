import ClusterCore
import EmbeddedBroker
import Foundation
import KafkaClient
import Logging
import MillraceEmbeddings
import MillraceVectors
import Testing

@Suite("Announcements of embeddings through a broker", .serialized, .timeLimit(.minutes(20)))
struct AnnouncementTests {
    private static let topic = "vector-ready"

    /// A broker that keeps its data on disk, so that the same data can be served where a channel does not look.
    private struct Cluster {
        let broker: EmbeddedBroker
        private let directory: String

        static func with(onDisk: Bool = true, _ body: (Cluster) async throws -> Void) async throws {
            let directory = FileManager.default.temporaryDirectory.appending(path: "news-\(UUID().uuidString)").path()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let broker = try await EmbeddedBroker.start(configuration(onDisk ? directory : nil))
            do { try await body(Cluster(broker: broker, directory: directory)) } catch {
                try? await broker.stop()
                throw error
            }
            try await broker.stop()
        }

        private static func configuration(_ directory: String?) -> EmbeddedBrokerConfiguration {
            var configuration = EmbeddedBrokerConfiguration()
            configuration.logger.logLevel = .critical
            configuration.dataDirectory = directory
            return configuration
        }

        /// Serves the data of the broker, which is stopped, at another address.
        func elsewhere(_ body: (_ servers: String) async throws -> Void) async throws {
            let other = try await EmbeddedBroker.start(Self.configuration(directory))
            try await body(other.bootstrapServers)
            try await other.stop()
        }
    }

    /// Runs a channel, and ends it.
    private static func running(
        _ cluster: Cluster, lookBack: Duration = .zero,
        _ body: (KafkaEmbeddingAnnouncements, _ received: Watched<[String]>) async throws -> Void
    ) async throws {
        let channel = KafkaEmbeddingAnnouncements(
            bootstrapServers: [cluster.broker.bootstrapServers], topic: topic,
            clientSettings: ["reconnect.backoff.max.ms": "200"], lookBack: lookBack,
            partitionCheck: .milliseconds(200))
        let received = Watched<[String]>([])
        let running = Task {
            try await channel.run { announcements in received.change { $0 += announcements.map(\.key.key) } }
        }
        defer { running.cancel() }
        try await body(channel, received)
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
    }

    /// A program that announces a key.
    private static func announce(
        _ key: String, _ servers: String, partition: Int32 = 0, ageMs: Int64 = 0
    ) throws {
        let producer = try KafkaProducer(["bootstrap.servers": servers])
        let now = Int64(Date.now.timeIntervalSince1970 * 1_000)
        try Array(#"{"key": "\#(key)", "origin": "a program", "version": 1}"#.utf8).withUnsafeBytes { value in
            try producer.produce(
                producer.topic(named: topic), partition: partition, key: nil, value: value, timestampMs: now - ageMs)
        }
        try producer.flush(timeoutMs: 900_000)
    }

    private static func makeTopic(_ servers: String, partitions: Int32 = 1) throws {
        let results = try KafkaAdmin(["bootstrap.servers": servers]).createTopics(
            [KafkaClient.NewTopic(topic, partitions: partitions)], timeoutMs: 60_000)
        try results[topic]?.get()
    }

    @Test("what comes while the broker is away is read later, also in partitions that are new then")
    func interruption() async throws {
        try await Cluster.with { cluster in
            try await Self.running(cluster) { channel, received in
                await channel.reading()
                try Self.announce("before", cluster.broker.bootstrapServers)
                try await received.until { $0 == ["before"] }
                try await cluster.broker.crash()
                try await cluster.elsewhere { servers in
                    try Self.announce("meanwhile", servers)
                    let admin = try KafkaAdmin(["bootstrap.servers": servers])
                    try admin.createPartitions([Self.topic: 3], timeoutMs: 60_000)[Self.topic]?.get()
                    for partition in 1..<3 as Range<Int32> {
                        try Self.announce("new-\(partition)", servers, partition: partition)
                    }
                }
                try await cluster.broker.restart()
                try await received.until { $0.count >= 4 }
                try Self.announce("after", cluster.broker.bootstrapServers, partition: 2)
                try await received.until { $0.contains("after") }
                #expect(received.value.sorted() == ["after", "before", "meanwhile", "new-1", "new-2"])
            }
        }
    }

    @Test("what comes while the broker is away at the start of a cache is read when it is there")
    func start() async throws {
        try await Cluster.with { cluster in
            try Self.makeTopic(cluster.broker.bootstrapServers)
            try Self.announce("old", cluster.broker.bootstrapServers, ageMs: 600_000)
            try await cluster.broker.crash()
            try await Self.running(cluster) { _, received in
                // A clock that is ahead: the channel may begin a moment later.
                try await cluster.elsewhere { try Self.announce("early", $0, ageMs: -60_000) }
                try await cluster.broker.restart()
                try await received.until { !$0.isEmpty }
                #expect(received.value == ["early"])
            }
        }
    }

    @Test("a look-back reads what was announced shortly before the start")
    func lookBack() async throws {
        try await Cluster.with { cluster in
            try Self.makeTopic(cluster.broker.bootstrapServers, partitions: 2)
            for partition in 0..<2 as Range<Int32> {
                try Self.announce("old", cluster.broker.bootstrapServers, partition: partition, ageMs: 86_400_000)
            }
            try Self.announce("recent", cluster.broker.bootstrapServers, partition: 1, ageMs: 1_000)
            try await Self.running(cluster, lookBack: .seconds(43_200)) { channel, received in
                await channel.reading()
                try Self.announce("new", cluster.broker.bootstrapServers)
                try await received.until { $0.count >= 2 }
                #expect(received.value.sorted() == ["new", "recent"])
            }
        }
    }

    @Test("a topic that is lost with its broker's data is made again, and read from its beginning")
    func loss() async throws {
        try await Cluster.with(onDisk: false) { cluster in
            try await Self.running(cluster) { channel, received in
                await channel.reading()
                for number in 0..<5 { try Self.announce("\(number)", cluster.broker.bootstrapServers) }
                try await received.until { $0.count == 5 }
                try await cluster.broker.crash()
                try await cluster.broker.restart()
                // The channel's own producer waits for the topic, and so does this one.
                channel.publish([EmbeddingAnnouncement(EmbeddingKey("own"), version: 1, origin: "here")])
                try await received.until { $0.contains("own") }
                try Self.announce("foreign", cluster.broker.bootstrapServers)
                try await received.until { $0.contains("foreign") }
                #expect(channel.droppedCount == 0)
            }
        }
    }

    @Test("a topic that cannot be made yet is waited for, and what was to be announced meanwhile arrives")
    func missing() async throws {
        try await Cluster.with { cluster in
            var refusal = BrokerFault(.error(.policyViolation), of: [.createTopics])
            refusal.times = 2
            try await cluster.broker.inject(refusal)
            try await Self.running(cluster) { channel, received in
                channel.publish([EmbeddingAnnouncement(EmbeddingKey("waiting"), version: 1, origin: "here")])
                try await received.until { $0 == ["waiting"] }
                #expect(try await cluster.broker.faultsToCome() == 0)
                #expect(channel.droppedCount == 0)
            }
        }
    }
}
