public import Millrace
public import Tracing

/// All settings of one instance of a streams application. Kafka: `StreamsConfig`.
///
/// ```swift
/// var configuration = StreamsConfiguration(
///     applicationID: "risk", bootstrapServers: ["localhost:9092"], stateDirectory: "/var/lib/risk")
/// configuration.threads = 2
/// for problem in configuration.problems() { print(problem) }
/// ```
///
/// Only the application's id, the brokers and the state directory have no default. `problems` lists everything that is wrong at
/// once; an application refuses to start while there is any problem.
public struct StreamsConfiguration: Sendable {
    /// The name of the consumer group, and the prefix of the internal topics' names. Kafka: `application.id`.
    public var applicationID: String
    /// The brokers to connect to first, each `HOST:PORT`. Kafka: `bootstrap.servers`.
    public var bootstrapServers: [String]
    /// The processing guarantee of each record. Exactly once by default; Kafka Streams' default is at least once.
    public var guarantee: ProcessingGuarantee = .exactlyOnce
    /// The number of worker threads; each is a member of the group with a separate producer. 1 by default. Kafka:
    /// `num.stream.threads`.
    public var threads = 1
    /// A name under which this instance gets its old assignment back after a restart, however it ended (static membership,
    /// KIP-345). None by default: the partitions of a killed instance then wait until its session ends.
    public var instanceID: String?
    /// The address at which this instance answers queries of other instances, `HOST:PORT`. Millrace opens no port there: the
    /// application has to serve it. The address is sent with the group's memberships, so that every instance can tell which one
    /// owns a key. None by default. Kafka: `application.server`.
    public var applicationServer: String?
    /// The directory of the stores. Each application has a folder in it, and each task a folder in that.
    public var stateDirectory: String
    /// The time between commits; 0 to commit as often as possible. By default 100 ms with exactly once, 30 s otherwise. Kafka:
    /// `commit.interval.ms`.
    public var commitInterval: Duration?
    /// The time between two checkpoints, at which committed state is made durable on disk. It bounds how much a restart replays. A
    /// task's first commit is made durable at once. 10 s by default.
    public var checkpointInterval: Duration = .seconds(10)
    /// The time that the local state of a task is kept after the task has left this instance and has no standby here. Then the
    /// state is deleted, and is restored from the changelogs if the task comes back. 10 minutes by default, as in Kafka; with 0 it
    /// is deleted at the next check, once a second. Kafka: `state.cleanup.delay.ms`.
    public var stateCleanupDelay: Duration = .seconds(600)
    /// The process's memory for state that is being read or is not on disk yet. 64 MiB by default.
    public var stateCacheSizeInBytes = 64 << 20
    /// The number of fetched records above which a partition is paused. 1,000 by default. Kafka: `buffered.records.per.partition`.
    public var maxBufferedRecordsPerPartition = 1_000
    /// The number of fetched bytes above which a partition is paused. 16 MiB by default.
    public var maxBufferedSizeInBytesPerPartition = 16 << 20
    /// The number of replicas of internal topics; −1, the default, leaves it to the broker. Kafka: `replication.factor`.
    public var replicationFactor: Int16 = -1
    /// The number of other instances that keep a standby of each task's stores. If the task's instance fails, one of them takes
    /// over at once. 0 by default. All instances need the same value. It takes one more instance than that; with fewer there are as
    /// many standbys as possible. Kafka: `num.standby.replicas`.
    public var standbyReplicas = 0
    /// The time between two looks at the topics that are read and written. Within it the instance reads and writes partitions that
    /// are added, and reads new topics that match a source's pattern. 5 minutes by default, as in Kafka. Kafka:
    /// `metadata.max.age.ms`.
    public var metadataMaxAge: Duration = .seconds(300)
    /// The reaction to a source topic that does not exist, at the start or later. `.fail` by default, as in Kafka Streams.
    public var missingSourceTopics = MissingSourceTopics.fail
    /// The start in partitions without a valid committed offset, for sources that do not set one. `.earliest` by default, as in
    /// Kafka Streams. Kafka: `auto.offset.reset`.
    public var offsetReset = AutoOffsetReset.earliest
    /// The handling of bad records. By default every one of them is an error.
    public var errorHandlers = ErrorHandlers()
    /// A closure that is told of the progress of restoring stores from their changelogs. It runs on the workers' threads and should
    /// be quick. Kafka: `setGlobalStateRestoreListener`.
    public var restoreListener: (@Sendable (RestoreEvent) -> Void)?
    /// A closure that is told of updates of this instance's standbys, also on the workers' threads; `.suspended` means that a
    /// standby has become active or is kept elsewhere. Kafka: `setStandbyUpdateListener` (KIP-988).
    public var standbyListener: (@Sendable (RestoreEvent) -> Void)?
    /// Whether the stores' databases count what they do, such as hits of the block cache, for ``StreamsApplication/stateMetrics``.
    /// False by default. Kafka: `metrics.recording.level=DEBUG`.
    public var recordsStateStatistics = false
    /// The tracer that gets spans of what the instance does. By default the one that is bootstrapped in `InstrumentationSystem` when
    /// a worker starts; without any, nothing is traced.
    public var tracer: (any Tracer)?
    /// The share of the records without a trace that begin one, from 0 to 1. 0 by default: only records whose header `traceparent`
    /// says that they are sampled have spans.
    public var traceSampleRatio = 0.0
    /// The longest wait for a broker's first answer; after it the start fails. 5 s by default.
    public var connectTimeout: Duration = .seconds(5)
    /// The longest wait of a shutdown for the last commits and for the clients to close. After it the application ends with an
    /// error that says so, whatever the broker does. 20 s by default.
    public var closeTimeout: Duration = .seconds(20)
    /// The longest time that a transaction may stay open before the broker aborts it. 10 s by default, as in Kafka Streams.
    public var transactionTimeout: Duration = .seconds(10)
    /// Settings passed to librdkafka unchanged. They override the settings that follow from the other fields.
    public var clientSettings = ClientOverrides()

    /// Settings of librdkafka by their names (its CONFIGURATION.md); the specific ones override the common ones.
    public struct ClientOverrides: Sendable, Hashable {
        /// For every client.
        public var common: [String: String] = [:]
        /// For consumers.
        public var consumer: [String: String] = [:]
        /// For producers.
        public var producer: [String: String] = [:]
        /// For the admin client.
        public var admin: [String: String] = [:]

        /// No overrides.
        public init() {}
    }

    /// Creates a configuration with the defaults for everything else.
    ///
    /// - Parameters:
    ///   - applicationID: the name of the group of instances, and the prefix of the internal topics' names.
    ///   - bootstrapServers: the brokers to connect to first, as `HOST:PORT`.
    ///   - stateDirectory: the folder of the stores on disk; it is created if it does not exist.
    public init(applicationID: String, bootstrapServers: [String], stateDirectory: String) {
        self.applicationID = applicationID
        self.bootstrapServers = bootstrapServers
        self.stateDirectory = stateDirectory
    }

    /// The time between commits: the configured one, or the guarantee's default.
    package var effectiveCommitInterval: Duration { commitInterval ?? guarantee.defaultCommitInterval }

    var commitIntervalMs: Int64 { effectiveCommitInterval.wholeMilliseconds }

    /// Returns everything that is wrong, in words; empty if the configuration can be used.
    public func problems() -> [String] { problemsBesideClientSettings() + clientProblems() }

    /// Returns the problems of all settings but librdkafka's.
    package func problemsBesideClientSettings() -> [String] {
        nameProblems() + [offsetReset.problem].compactMap { $0 } + Self.settings.compactMap { $0.problem(self) }
            + contradictions()
    }
}

extension StreamsConfiguration {
    /// The settings that can be given as text on a command line, in the environment or in a configuration file, in the order of the
    /// help.
    ///
    /// A new setting needs only its field and an entry here.
    package static let settings: [Setting<StreamsConfiguration>] = [
        Setting(
            .application, "application-id", \.applicationID, "NAME", .kafkaName(upTo: maxApplicationIDLength),
            "Names the application: its consumer group, and the prefix of its internal topics", default: .required),
        Setting(
            .application, "bootstrap-servers", \.bootstrapServers, "HOST:PORT,…", .addresses,
            "The brokers to connect to first", default: .required),
        Setting(
            .application, "instance-id", \.instanceID, "NAME", .optional(.kafkaName()),
            "Keeps this process's place in the group over restarts (static membership)",
            default: .described("none, a new member at every start")),
        Setting(
            .application, "application-server", \.applicationServer, "HOST:PORT", .optional(.address),
            "Where this process answers queries of others, for them to find it"),
        Setting(
            .application, "connect-timeout-ms", \.connectTimeout, "MS", .milliseconds(from: 1),
            "Milliseconds within which a broker has to answer at the start"),

        Setting(
            .processing, "threads", \.threads, "COUNT", .number(in: 1...1024),
            "Worker threads, among which the tasks are shared out; more than there are tasks have nothing to do"),
        Setting(.processing, "guarantee", \.guarantee, "GUARANTEE", .choice, "exactly-once or at-least-once"),
        Setting(
            .processing, "commit-interval-ms", \.commitInterval, "MS", .optional(.milliseconds(from: 0)),
            "Milliseconds between commits",
            default: .described(
                "\(ProcessingGuarantee.exactlyOnce.defaultCommitInterval.milliseconds) with exactly-once, "
                    + "else \(ProcessingGuarantee.atLeastOnce.defaultCommitInterval.milliseconds)")),
        Setting(
            .processing, "transaction-timeout-ms", \.transactionTimeout, "MS", .milliseconds(from: 1_000),
            "Milliseconds after which the broker aborts a transaction that is open"),
        Setting(
            .processing, "offset-reset", \.offsetReset, "WHERE",
            .choice(["earliest": .earliest, "latest": .latest, "none": .none]),
            "Where reading begins without a valid offset, unless a source says: earliest, latest or none"),
        Setting(
            .processing, "metadata-max-age-ms", \.metadataMaxAge, "MS", .milliseconds(from: 1),
            "Milliseconds within which added partitions, and topics that match sources by pattern, are read"),
        Setting(
            .processing, "missing-source-topics", \.missingSourceTopics, "WHAT", .choice,
            "While a topic does not exist that a source names: fail or wait"),
        Setting(
            .processing, "max-buffered-records", \.maxBufferedRecordsPerPartition, "COUNT", .number(from: 1),
            "Records read ahead for each partition", called: "buffered records per partition"),
        Setting(
            .processing, "max-buffered-bytes", \.maxBufferedSizeInBytesPerPartition, "BYTES", .byteCount(from: 1),
            "Bytes read ahead for each partition", called: "buffered bytes per partition"),

        Setting(
            .state, "state-dir", \.stateDirectory, "PATH", .path, "Where stores keep their files",
            default: .described("$XDG_STATE_HOME/millrace, ~/.local/state/millrace or /tmp/millrace"),
            called: "state directory"),
        Setting(
            .state, "state-cleanup-delay-ms", \.stateCleanupDelay, "MS", .milliseconds(from: 0),
            "Milliseconds after which the local state of tasks that moved away is deleted"),
        Setting(
            .state, "cache-max-bytes", \.stateCacheSizeInBytes, "BYTES", .byteCount(from: 0),
            "State kept in memory, for the whole process; 0 for none", called: "state cache"),
        Setting(
            .state, "checkpoint-interval-ms", \.checkpointInterval, "MS", .milliseconds(from: 0),
            "Milliseconds between two moments at which committed state is made durable on disk"),
        Setting(
            .state, "replication-factor", \.replicationFactor, "COUNT", .replicationFactor,
            "Replicas of the internal topics; -1 for the broker's default"),
        Setting(
            .state, "standby-replicas", \.standbyReplicas, "COUNT", .number(in: 0...100),
            "Other instances that keep a copy of each task's stores up to date"),

        Setting(
            .running, "trace-sample-ratio", \.traceSampleRatio, "RATIO", .ratio,
            "Share of the records without a trace that begin one, if the program has a tracer"),
        Setting(
            .running, "close-timeout-ms", \.closeTimeout, "MS", .milliseconds(from: 0),
            "Milliseconds within which the process has stopped when it is told to; then it goes without the rest"),
    ]
}

extension ProcessingGuarantee {
    /// The time between commits if none is set. Kafka: `commit.interval.ms`.
    fileprivate var defaultCommitInterval: Duration {
        switch self {
        case .exactlyOnce: .milliseconds(100)
        case .atLeastOnce: .seconds(30)
        }
    }
}

extension Duration {
    /// Whole milliseconds; a value out of range becomes the longest or shortest one possible.
    var milliseconds: Int64 { wholeMilliseconds }
}
