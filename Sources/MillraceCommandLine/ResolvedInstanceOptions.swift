public import Logging
public import Millrace

/// What one Millrace process was told to do, read from all layers and checked: the result of
/// ``InstanceOptions/resolve(environment:)``.
///
/// Names and meanings follow Kafka Streams' StreamsConfig; defaults that differ from it say so.
public struct ResolvedInstanceOptions: Sendable, Equatable {
    /// Which rewrites the topology goes through: StreamsConfig `topology.optimization`.
    public enum TopologyOptimization: String, Sendable, CaseIterable {
        case none
        case all
    }

    /// Where reading begins in a partition without a valid offset: StreamsConfig `auto.offset.reset`.
    public enum OffsetReset: String, Sendable, CaseIterable {
        case earliest
        case latest
        /// The instance ends with an error.
        case none
    }

    /// The handling of a topic that a source names and that does not exist.
    public enum MissingSourceTopics: String, Sendable, CaseIterable {
        /// The instance ends with an error.
        case fail
        /// The instance waits for the topic.
        case wait
    }

    /// What becomes of a record that cannot be read, processed or written: KIP-161, KIP-1033, KIP-1034.
    public enum ErrorHandling: String, Sendable, CaseIterable {
        /// The worker stops with the error.
        case fail
        /// The record is dropped and counted.
        case `continue`
        /// The record goes to ``ResolvedInstanceOptions/deadLetterTopic``.
        case deadLetter = "dead-letter"
    }

    /// Names the consumer group and prefixes the internal topics.
    public var applicationID: String
    /// The brokers to start from, each HOST:PORT; at least one.
    public var bootstrapServers: [String]
    /// Identifies this process to the group over restarts (static membership, KIP-345); nil for a dynamic member.
    public var instanceID: String?
    /// Where this process answers queries of others, HOST:PORT; nil for none.
    public var applicationServer: String?
    /// Worker threads, from 1. Default 1.
    public var threads: Int
    /// Default exactly once; Kafka Streams' is at least once.
    public var guarantee: ProcessingGuarantee
    /// Time between commits. Default 100 ms with exactly once, 30 s otherwise.
    public var commitInterval: Duration
    /// Default none.
    public var topologyOptimization: TopologyOptimization
    /// For sources that do not say themselves. Default earliest.
    public var offsetReset: OffsetReset
    /// Within which time added partitions, and topics that match sources by pattern, are read. Default 5 minutes.
    public var metadataMaxAge: Duration
    /// While a topic does not exist that a source names. Default fail.
    public var missingSourceTopics = MissingSourceTopics.fail
    /// Records read but not yet processed, for each partition. Default 1,000.
    public var maxBufferedRecords: Int
    /// Bytes read but not yet processed, for each partition. Default 16 MiB.
    public var maxBufferedBytes: Int
    /// Where the stores keep their files.
    public var stateDirectory: String
    /// How long the local state of a task stays that has moved away. Default 10 minutes.
    public var stateCleanupDelay: Duration = .seconds(600)
    /// Bytes of state kept in memory, for the whole process; 0 for none. Default 64 MiB; Kafka Streams' is 10 MiB.
    public var cacheMaxBytes: Int
    /// Replicas of the internal topics, or -1 for the broker's default. Default -1.
    public var replicationFactor: Int
    /// Other instances that keep a copy of each task's stores up to date. Default 0.
    public var standbyReplicas: Int
    /// For records that a serde cannot read. Default fail.
    public var deserializationErrors: ErrorHandling
    /// For records whose processing throws. Default fail.
    public var processingErrors: ErrorHandling
    /// For records that cannot be written. Default fail.
    public var productionErrors: ErrorHandling
    /// Where dead letters go; never nil if one of the three says ``ErrorHandling/deadLetter``.
    public var deadLetterTopic: String?
    /// Within which the process has stopped when it is told to. Default 20 s.
    public var closeTimeout: Duration = .seconds(20)
    /// Default info.
    public var logLevel: Logger.Level
    /// Handed to librdkafka as they are.
    public var clientSettings: ClientSettings

    /// Raw librdkafka settings by their names, such as `sasl.password`; the specific ones go over the common ones.
    public struct ClientSettings: Sendable, Equatable {
        /// For every client.
        public var common: [String: String] = [:]
        /// For consumers only.
        public var consumer: [String: String] = [:]
        /// For producers only.
        public var producer: [String: String] = [:]
        /// For the admin client only.
        public var admin: [String: String] = [:]
    }
}
