import AgentMemory
import ArgumentParser
import Foundation
import Logging
import Millrace
import MillraceEmbeddings
import MillraceMetrics
import MillracePostgres
import MillraceRedis
import MillraceRuntime
import MillraceServer
import MillraceVectors
import ServiceLifecycle
import UnixSignals

/// One agent's process: its tables, its cache of embeddings, its server and its decisions.
///
/// It reads commands from its input, a line each, and ends when the input ends: `rows` asks for what it sees.
struct Agent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs one agent, for the demo.")

    @OptionGroup var servers: ServerOptions

    @Option(help: "The agent's number.")
    var number: Int

    @Option(help: "The folder for its state.")
    var stateDir: String

    @Option(help: "Decisions each second.")
    var rate = 200

    func run() async throws {
        var logger = Logger(label: "agent-\(number)")
        logger.logLevel = .error
        let memory = try application("agent-memory", logger) { AgentMemoryTopology().define(in: $0) }
        let announcer = try application("agent-announcements", logger) { AgentAnnouncementsTopology().define(in: $0) }
        let cache = try cache()
        let decider = try Decider(memory, cache, rate: rate)
        let registry = PrometheusRegistry()
        let server = MillraceServer(
            application: memory,
            configuration: .init(address: InstanceAddress(host: "127.0.0.1", port: 0)), metrics: registry,
            logger: logger)
        let group = ServiceGroup(
            services: [
                memory, announcer, server, EmbeddingCacheService(cache),
                EmbeddingCacheMetricsReporter([cache], client: "agent-\(number)", factory: registry),
                decider, AgentCommands(decider: decider, cache: cache, server: server),
            ], gracefulShutdownSignals: [.sigterm], logger: logger)
        try await group.run()
    }

    private func application(
        _ id: String, _ logger: Logger, _ define: (StreamsBuilder) -> Void
    ) throws -> StreamsApplication {
        let builder = StreamsBuilder()
        define(builder)
        var configuration = StreamsConfiguration(
            applicationID: id, bootstrapServers: servers.bootstrapServers.split(separator: ",").map(String.init),
            stateDirectory: stateDir)
        configuration.instanceID = "agent-\(number)"
        return StreamsApplication(try builder.build(), configuration: configuration, logger: logger)
    }

    /// The cache of the process in front of Redis, in front of PostgreSQL.
    private func cache() throws -> EmbeddingCache {
        var configuration = EmbeddingCacheConfiguration()
        configuration.capacityInBytes = 64 << 20
        let announcements = KafkaEmbeddingAnnouncements(
            bootstrapServers: servers.bootstrapServers.split(separator: ",").map(String.init), lookBack: .seconds(600))
        return try EmbeddingCache(
            "agents", source: LayeredEmbeddings(redis(), over: postgres()), announcements: announcements,
            configuration: configuration)
    }

    private func redis() throws -> RedisEmbeddings {
        var configuration = RedisEmbeddings.Configuration()
        configuration.server.port = servers.redisPort
        return try RedisEmbeddings(configuration)
    }

    private func postgres() throws -> PostgresEmbeddings {
        let server = PostgresServer(
            port: servers.postgresPort, database: "postgres", user: "millrace", password: "millrace")
        var configuration = PostgresEmbeddingsConfiguration(
            servers: [server], table: "agent_embeddings", keyColumn: "agent_id", vectorColumn: "embedding")
        configuration.versionColumn = "version"
        return try PostgresEmbeddings(configuration)
    }
}
