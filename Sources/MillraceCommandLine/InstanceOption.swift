import Logging
import Millrace

/// The options of a Millrace process, each defined here and nowhere else.
enum InstanceOption {
    typealias Resolved = ResolvedInstanceOptions

    static let applicationID = OptionDefinition(
        "application-id", valueName: "NAME",
        summary: "Names the application: its consumer group, and the prefix of its internal topics", default: nil,
        .kafkaName)
    static let bootstrapServers = OptionDefinition(
        "bootstrap-servers", valueName: "HOST:PORT,…", summary: "The brokers to connect to first", default: nil,
        isList: true, .endpoints)
    static let instanceID = OptionDefinition(
        "instance-id", valueName: "NAME",
        summary: "Keeps this process's place in the group over restarts (static membership)",
        default: "none, a new member at every start", .kafkaName)

    static let applicationServer = OptionDefinition(
        "application-server", valueName: "HOST:PORT",
        summary: "Where this process answers queries of others, for them to find it", default: "none", .endpoint)

    static let threads = OptionDefinition(
        "threads", valueName: "COUNT", summary: "Worker threads, among which the tasks are shared out", default: "1",
        .integer(in: 1...1024))
    static let guarantee = OptionDefinition<ProcessingGuarantee>(
        "guarantee", valueName: "GUARANTEE", summary: "exactly-once or at-least-once", default: "exactly-once", .choice)
    static let commitIntervalMs = OptionDefinition(
        "commit-interval-ms", valueName: "MS", summary: "Milliseconds between commits",
        default: "100 with exactly-once, else 30000", .integer(in: 0...Int(Int32.max)))
    static let topologyOptimization = OptionDefinition<Resolved.TopologyOptimization>(
        "topology-optimization", valueName: "WHICH", summary: "Rewrites of the topology: none or all", default: "none",
        .choice)
    static let offsetReset = OptionDefinition<Resolved.OffsetReset>(
        "offset-reset", valueName: "WHERE",
        summary: "Where reading begins without a valid offset, unless a source says: earliest, latest or none",
        default: "earliest", .choice)
    static let metadataMaxAgeMs = OptionDefinition(
        "metadata-max-age-ms", valueName: "MS",
        summary: "Milliseconds within which added partitions, and topics that match sources by pattern, are read",
        default: "300000", .integer(in: 1...Int(Int32.max)))
    static let missingSourceTopics = OptionDefinition<Resolved.MissingSourceTopics>(
        "missing-source-topics", valueName: "WHAT",
        summary: "While a topic does not exist that a source names: fail or wait", default: "fail", .choice)
    static let maxBufferedRecords = OptionDefinition(
        "max-buffered-records", valueName: "COUNT", summary: "Records read ahead for each partition", default: "1000",
        .integer(in: 1...Int(Int32.max)))
    static let maxBufferedBytes = OptionDefinition(
        "max-buffered-bytes", valueName: "BYTES", summary: "Bytes read ahead for each partition", default: "16MiB",
        .byteCount(atLeast: 1))

    static let stateDirectory = OptionDefinition(
        "state-dir", valueName: "PATH", summary: "Where stores keep their files",
        default: "$XDG_STATE_HOME/millrace, ~/.local/state/millrace or /tmp/millrace", .path)
    static let stateCleanupDelayMs = OptionDefinition(
        "state-cleanup-delay-ms", valueName: "MS",
        summary: "Milliseconds after which the local state of tasks that moved away is deleted", default: "600000",
        .integer(in: 0...Int(Int32.max)))
    static let cacheMaxBytes = OptionDefinition(
        "cache-max-bytes", valueName: "BYTES", summary: "State kept in memory, for the whole process; 0 for none",
        default: "64MiB", .byteCount(atLeast: 0))
    static let replicationFactor = OptionDefinition(
        "replication-factor", valueName: "COUNT",
        summary: "Replicas of the internal topics; -1 for the broker's default", default: "-1", ValueSyntax.replicas)
    static let standbyReplicas = OptionDefinition(
        "standby-replicas", valueName: "COUNT",
        summary: "Other instances that keep a copy of each task's stores up to date", default: "0",
        .integer(in: 0...100))

    static let deserializationErrors = OptionDefinition<Resolved.ErrorHandling>(
        "deserialization-errors", valueName: "HANDLING",
        summary: "For records that cannot be read: fail, continue or dead-letter", default: "fail", .choice)
    static let processingErrors = OptionDefinition<Resolved.ErrorHandling>(
        "processing-errors", valueName: "HANDLING",
        summary: "For records whose processing throws: fail, continue or dead-letter", default: "fail", .choice)
    static let productionErrors = OptionDefinition<Resolved.ErrorHandling>(
        "production-errors", valueName: "HANDLING",
        summary: "For records that cannot be written: fail, continue or dead-letter", default: "fail", .choice)
    static let deadLetterTopic = OptionDefinition(
        "dead-letter-topic", valueName: "TOPIC", summary: "Takes the records that are handled by dead-letter",
        default: "none", .kafkaName)

    static let closeTimeoutMs = OptionDefinition(
        "close-timeout-ms", valueName: "MS",
        summary: "Milliseconds within which the process has stopped when it is told to",
        default: "20000", .integer(in: 0...Int(Int32.max)))
    static let logLevel = OptionDefinition<Logger.Level>(
        "log-level", valueName: "LEVEL", summary: "trace, debug, info, notice, warning, error or critical",
        default: "info", .choice)

    /// All that may stand in a configuration file or the environment, but for the raw settings.
    static let all: [any NamedOption] = [
        applicationID, bootstrapServers, instanceID, applicationServer, threads, guarantee, commitIntervalMs,
        topologyOptimization, offsetReset, metadataMaxAgeMs, missingSourceTopics, maxBufferedRecords, maxBufferedBytes,
        stateDirectory, stateCleanupDelayMs, cacheMaxBytes, replicationFactor, standbyReplicas, deserializationErrors,
        processingErrors, productionErrors, deadLetterTopic, closeTimeoutMs, logLevel,
    ]

    /// Names the configuration file, so it cannot stand in one.
    static let config = OptionDefinition(
        "config", valueName: "FILE", summary: "A JSON object of options, by their names without the dashes",
        default: "none", .path)
}

extension ValueSyntax where Value == Int {
    /// Kafka's wire format holds a replication factor in 16 bits, with -1 for the broker's default (KIP-464).
    fileprivate static var replicas: Self {
        ValueSyntax(expectation: "a whole number from 1 to 32767, or -1 for the broker's default") { text in
            Int(text).flatMap { $0 == -1 || (1...32767).contains($0) ? $0 : nil }
        }
    }
}
