public import MillraceConnect
import RedisClient

/// Streams of Redis or Valkey as a sink: each record of a topic becomes an entry, exactly once.
///
/// The offset after the records is written with them in one step of Redis, which also fences writers that have lost their partition.
/// Redis itself may lose what it has acknowledged; docs/connect/redis.md says when.
///
/// ```swift
/// let sink = try RedisStreamsSink(.init(name: "payments", streams: ["payments": "payments"]))
/// ```
public final class RedisStreamsSink: SinkConnector {
    /// The configuration.
    public let configuration: Configuration
    private let sessions: any RedisSessions
    private let chunkCount: Int

    /// Makes a sink. It does not connect yet.
    ///
    /// - Parameter configuration: the settings.
    /// - Throws: `ConnectorError` with all problems of the settings.
    public convenience init(_ configuration: Configuration) throws {
        let problems = configuration.problems()
        if !problems.isEmpty { throw ConnectorError(.permanent, problems.joined(separator: "; ")) }
        self.init(configuration, sessions: LiveSessions(server: configuration.server))
    }

    /// - Parameter chunkCount: the number of entries that one script adds.
    package init(_ configuration: Configuration, sessions: any RedisSessions, chunkCount: Int = 1_000) {
        self.configuration = configuration
        self.chunkCount = chunkCount
        self.sessions = sessions
    }

    /// The topics, in order.
    public var topics: [String] { configuration.streams.keys.sorted() }

    /// Makes a writer, which connects when it begins.
    public func open() -> any SinkWriter {
        RedisSinkWriter(
            StreamCommands(configuration), offsetsPrefix: configuration.offsetsPrefix, sessions: sessions,
            chunkCount: chunkCount)
    }
}
