public import MillraceConnect
import RedisClient

/// Streams of Redis or Valkey as a source: each entry becomes a record of a topic, exactly once and in the stream's order.
///
/// Each stream is a part. The position, which is kept in Kafka with the records, decides where the reading goes on. Entries that were trimmed
/// before they were read are noticed. docs/connect/redis.md has more.
///
/// ```swift
/// let source = try RedisStreamsSource(.init(topics: ["payments": "payments"]))
/// ```
public final class RedisStreamsSource: SourceConnector {
    /// The configuration.
    public let configuration: Configuration
    /// The figures of the readers.
    public let measures = RedisStreamsMeasures()
    private let sessions: any RedisSessions

    /// Makes a source. It does not connect yet.
    ///
    /// - Parameter configuration: the settings.
    /// - Throws: `ConnectorError` with all problems of the settings.
    public convenience init(_ configuration: Configuration) throws {
        let problems = configuration.problems()
        if !problems.isEmpty { throw ConnectorError(.permanent, problems.joined(separator: "; ")) }
        try self.init(configuration, sessions: LiveSessions(server: configuration.server))
    }

    package init(_ configuration: Configuration, sessions: any RedisSessions) throws {
        self.configuration = configuration
        self.sessions = sessions
    }

    /// The topics, in order.
    public var topics: [String] { Set(configuration.topics.values).sorted() }

    /// The keys of the streams, in order.
    public func partitions() -> [String] { configuration.topics.keys.sorted() }

    /// Opens a stream.
    ///
    /// - Parameters:
    ///   - partition: the stream's key in Redis.
    ///   - position: the position from which to go on; `nil` to begin.
    /// - Returns: the reader.
    /// - Throws: `ConnectorError`.
    public func open(_ partition: String, from position: SourcePosition?) throws -> any SourcePartitionReader {
        guard let topic = configuration.topics[partition] else {
            throw ConnectorError(.permanent, "the stream \(partition) has no topic; add it to the configuration")
        }
        do {
            let session = try sessions.open()
            return try RedisStreamsReader(
                stream: partition, topic: topic, from: position, source: self, session: session,
                address: sessions.address)
        } catch let error as RedisError {
            throw RedisFailures.error(error, at: sessions.address, about: "the stream \(partition)")
        }
    }

    /// Looks at the counts of a stream.
    ///
    /// - Parameters:
    ///   - partition: the stream's key in Redis.
    ///   - position: the last committed position.
    /// - Returns: the backlog; `nil` if the position does not tell how many entries are before it, or there is no such stream.
    /// - Throws: `ConnectorError`.
    public func backlog(of partition: String, after position: SourcePosition) throws -> SourceBacklog? {
        let place = try StreamPosition(position, stream: partition)
        do {
            let session = try sessions.open()
            defer { session.close() }
            let backlog = try RedisStreamsReader.info(of: partition, session)?.backlog(after: place)
            measures.update(partition) { ($0.lag, $0.trimMargin) = (backlog?.recordCount, backlog?.trimMargin) }
            return backlog
        } catch let error as RedisError {
            throw RedisFailures.error(error, at: sessions.address, about: "the stream \(partition)")
        }
    }
}
