public import MillraceConnect
import RedisClient
import Synchronization

/// Channels and keyspace events of Redis or Valkey as a source: each message becomes a record, at most once.
///
/// Redis keeps no messages: what is published while nobody listens is gone. The records that did arrive are in the topic once. A gap is
/// noted in a header of the next record.
///
/// ```swift
/// var configuration = RedisPubSubSource.Configuration(topic: "changes")
/// configuration.channels = ["changes"]
/// let source = try RedisPubSubSource(configuration)
/// ```
public final class RedisPubSubSource: SourceConnector {
    /// The settings of a source of messages.
    public struct Configuration: Sendable, Hashable {
        /// The server.
        public var server = RedisServerSettings()
        /// The topic.
        public var topic: String
        /// The channels (SUBSCRIBE); none by default.
        public var channels: [String] = []
        /// The patterns of channels (PSUBSCRIBE), such as `news.*`; none by default. A message that fits several comes several times.
        public var patterns: [String] = []
        /// The patterns of keys whose events are read, such as `session:*`; none by default. The record's key is then Redis' key, and
        /// its value the event, such as `expired`. The server needs `notify-keyspace-events` with `K`.
        public var keyspacePatterns: [String] = []
        /// The number of messages that may wait; 100,000 by default. Those beyond it are dropped.
        public var queueCount = 100_000
        /// The size of the messages that may wait; 32 MiB by default.
        public var queueSizeInBytes = 32 << 20

        /// Makes settings.
        ///
        /// - Parameter topic: the topic.
        public init(topic: String) { self.topic = topic }

        /// The problems of the settings, each a sentence; empty if there are none.
        public func problems() -> [String] {
            var problems = server.problems()
            if topic.isEmpty { problems.append("the topic needs a name") }
            if channels.isEmpty, patterns.isEmpty, keyspacePatterns.isEmpty {
                problems.append("no channel, no pattern and no keys are named")
            }
            if (channels + patterns + keyspacePatterns).contains("") {
                problems.append("a channel or a pattern is empty")
            }
            if queueCount < 1 || queueSizeInBytes < 65_536 {
                problems.append("the queue needs room for 1 message and 64 KiB (65536)")
            }
            return problems
        }
    }

    /// The figures of the readers of messages in this process.
    public struct Measures: Sendable, Hashable {
        /// The number of messages that were read.
        public var readCount = 0
        /// The number of messages that were dropped because too many waited.
        public var droppedCount = 0
        /// The number of times at which messages may have been missed, or were dropped.
        public var gaps = 0
    }

    /// The configuration.
    public let configuration: Configuration
    private let state = Mutex(Measures())

    /// Makes a source. It does not connect yet.
    ///
    /// - Parameter configuration: the settings.
    /// - Throws: `ConnectorError` with all problems of the settings.
    public init(_ configuration: Configuration) throws {
        let problems = configuration.problems()
        if !problems.isEmpty { throw ConnectorError(.permanent, problems.joined(separator: "; ")) }
        self.configuration = configuration
    }

    /// The figures so far.
    public var measures: Measures { state.withLock { $0 } }

    func update(_ body: (inout Measures) -> Void) { state.withLock { body(&$0) } }

    /// The topic.
    public var topics: [String] { [configuration.topic] }

    /// The only part.
    public func partitions() -> [String] { ["messages"] }

    /// Subscribes.
    ///
    /// - Parameters:
    ///   - partition: the part.
    ///   - position: the number of messages so far; `nil` to begin.
    /// - Returns: the reader.
    /// - Throws: `ConnectorError`.
    public func open(_ partition: String, from position: SourcePosition?) throws -> any SourcePartitionReader {
        do {
            let connection = try RedisConnection.connectAndWait(try configuration.server.clientSettings())
            return try RedisPubSubReader(connection, source: self, from: position)
        } catch let error as RedisError {
            throw RedisFailures.error(
                error, at: "\(configuration.server.host):\(configuration.server.port)",
                about: "the messages for \(configuration.topic)")
        }
    }
}
