public import MillraceConnect
import RedisClient

/// The embeddings of a table, mirrored in Redis or Valkey: a hash for each, and an index of neighbours over them.
///
/// It is a cache: it is filled from the topics' beginning, and again if Redis has lost it. A tombstone deletes the hash. The offsets are
/// written with the hashes, so that a hash never goes back to an older state.
///
/// ```swift
/// let vectors = try RedisVectors(.init(name: "agents", topics: ["agent-context"], dimension: 1_536))
/// ```
public final class RedisVectors: SinkConnector {
    /// The configuration.
    public let configuration: Configuration
    private let sessions: any RedisSessions

    /// Makes a sink. It does not connect yet.
    ///
    /// - Parameter configuration: the settings.
    /// - Throws: `ConnectorError` with all problems of the settings.
    public convenience init(_ configuration: Configuration) throws {
        let problems = configuration.problems()
        if !problems.isEmpty { throw ConnectorError(.permanent, problems.joined(separator: "; ")) }
        self.init(configuration, sessions: LiveSessions(server: configuration.server))
    }

    package init(_ configuration: Configuration, sessions: any RedisSessions) {
        self.configuration = configuration
        self.sessions = sessions
    }

    /// The topics.
    public var topics: [String] { configuration.topics }

    /// Makes a writer, which connects when it begins.
    public func open() -> any SinkWriter {
        RedisSinkWriter(
            VectorCommands(configuration), offsetsPrefix: configuration.offsetsPrefix, sessions: sessions)
    }
}
