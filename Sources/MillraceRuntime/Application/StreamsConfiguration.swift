public import Millrace

/// Everything that an instance of a streams application is told. Kafka: `StreamsConfig`.
///
/// ```swift
/// var configuration = StreamsConfiguration(
///     applicationID: "risk", bootstrapServers: ["localhost:9092"], stateDirectory: "/var/lib/risk")
/// configuration.threads = 2
/// for problem in configuration.problems() { print(problem) }
/// ```
///
/// Only the application's id and the brokers have no default. `problems` lists everything that is wrong at once; an
/// application refuses to start while there is anything.
public struct StreamsConfiguration: Sendable {
    /// Names the consumer group and stands before the names of the application's own topics. Kafka: `application.id`.
    public var applicationID: String
    /// Brokers to start from, each `HOST:PORT`. Kafka: `bootstrap.servers`.
    public var bootstrapServers: [String]
    /// What is promised about each record. Exactly once by default; Kafka Streams' default is at least once.
    public var guarantee: ProcessingGuarantee = .exactlyOnce
    /// Worker threads, each a member of the group with a producer of its own. 1 by default. Kafka: `num.stream.threads`.
    public var threads = 1
    /// A name under which this instance takes its old place again after a restart, however it ended (static membership,
    /// KIP-345). By default there is none: a killed instance's partitions then wait for the end of its session.
    public var instanceID: String?
    /// Where this instance answers queries of others, `HOST:PORT`. Millrace opens no port: the address travels with the group's
    /// members, so that every instance can tell whose a key is, and what answers there is the application's own. None by
    /// default. Kafka: `application.server`.
    public var applicationServer: String?
    /// Where the stores are kept; one folder an application, one in it a task.
    public var stateDirectory: String
    /// How often to commit; 0 for as often as possible. By default 100 ms with exactly once, 30 s otherwise. Kafka:
    /// `commit.interval.ms`.
    public var commitInterval: Duration?
    /// The time between two moments at which committed state is made durable on disk, which bounds what a restart replays; a
    /// task's first commit is made durable at once. 10 s by default.
    public var checkpointInterval: Duration = .seconds(10)
    /// How long the local state of a task stays that neither runs here any more nor has a standby here; then it is deleted, and
    /// would be restored from its changelogs if the task came back. 10 minutes by default, as in Kafka; with 0 it is deleted as
    /// soon as the instance looks, once a second. Kafka: `state.cleanup.delay.ms`.
    public var stateCleanupDelay: Duration = .seconds(600)
    /// Memory of the whole process for state that is being read or is not on disk yet. 64 MiB by default.
    public var stateCacheSizeInBytes = 64 << 20
    /// Fetched records of a partition above which it is paused. 1,000 by default. Kafka: `buffered.records.per.partition`.
    public var maxBufferedRecordsPerPartition = 1_000
    /// Fetched bytes of a partition above which it is paused. 16 MiB by default.
    public var maxBufferedSizeInBytesPerPartition = 16 << 20
    /// Replicas of the application's own topics; −1, the default, leaves it to the broker. Kafka: `replication.factor`.
    public var replicationFactor: Int16 = -1
    /// On how many other instances a copy of each task's stores is kept up to date, from which one of them goes on at once when
    /// the task's own instance is gone. 0 by default. The same for all instances, of which there have to be one more than this;
    /// with fewer there are as many copies as there can be. Kafka: `num.standby.replicas`.
    public var standbyReplicas = 0
    /// How often the topics that are read and written are looked at: within this time partitions that are added are read, and
    /// written to, and a topic is read that is created and matches a source by pattern. 5 minutes by default, as in Kafka. Kafka:
    /// `metadata.max.age.ms`.
    public var metadataMaxAge: Duration = .seconds(300)
    /// The handling of a topic that a source names and that does not exist, at the start or later. `.fail` by default, as in Kafka
    /// Streams.
    public var missingSourceTopics = MissingSourceTopics.fail
    /// Where to begin in partitions without a valid committed offset, for sources that do not say. `.earliest` by default, as in
    /// Kafka Streams. Kafka: `auto.offset.reset`.
    public var offsetReset = AutoOffsetReset.earliest
    /// What to do with bad records. All fail by default.
    public var errorHandlers = ErrorHandlers()
    /// Told how the filling of stores from their changelogs goes, on the workers' threads: it should be quick. Kafka:
    /// `setGlobalStateRestoreListener`.
    public var restoreListener: (@Sendable (RestoreEvent) -> Void)?
    /// Told how the copies that this instance keeps as a standby are updated, on the workers' threads as well; `.suspended` means
    /// that one has become active or is kept elsewhere. Kafka: `setStandbyUpdateListener` (KIP-988).
    public var standbyListener: (@Sendable (RestoreEvent) -> Void)?
    /// How long the first answer of a broker may take before the start fails. 5 s by default.
    public var connectTimeout: Duration = .seconds(5)
    /// How long a shutdown waits for the last commits and for the clients to close. After that the application ends with an error
    /// that says so, whatever the broker does. 20 s by default.
    public var closeTimeout: Duration = .seconds(20)
    /// How long a transaction may stay open before the broker aborts it. 10 s by default, as in Kafka Streams.
    public var transactionTimeout: Duration = .seconds(10)
    /// Settings handed to librdkafka as they are, over those that the other fields lead to.
    public var clientSettings = ClientOverrides()

    /// Settings of librdkafka by their names (its CONFIGURATION.md); the specific ones go over the common ones.
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

    /// Makes a configuration with the defaults for everything else.
    ///
    /// - Parameters:
    ///   - applicationID: names the group of instances and begins the names of the application's own topics.
    ///   - bootstrapServers: brokers to begin with, as `HOST:PORT`.
    ///   - stateDirectory: the folder of the stores on disk; it is made if need be.
    public init(applicationID: String, bootstrapServers: [String], stateDirectory: String) {
        self.applicationID = applicationID
        self.bootstrapServers = bootstrapServers
        self.stateDirectory = stateDirectory
    }

    /// The time between commits: that of the guarantee where none is set.
    package var effectiveCommitInterval: Duration { commitInterval ?? guarantee.defaultCommitInterval }

    var commitIntervalMs: Int64 { effectiveCommitInterval.wholeMilliseconds }

    /// Everything that is wrong, in words; empty where the configuration can be used.
    public func problems() -> [String] { problemsBesideClientSettings() + clientProblems() }

    /// What is wrong with the settings that are not librdkafka's.
    package func problemsBesideClientSettings() -> [String] {
        nameProblems() + [offsetReset.problem].compactMap { $0 } + Self.settings.compactMap { $0.problem(self) }
            + contradictions()
    }
}

extension StreamsConfiguration {
    /// The settings that are text on a command line, in the environment and in a configuration file, in the order of the help.
    ///
    /// This and the field is all that a setting needs.
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
            .running, "close-timeout-ms", \.closeTimeout, "MS", .milliseconds(from: 0),
            "Milliseconds within which the process has stopped when it is told to; then it goes without the rest"),
    ]
}

extension ProcessingGuarantee {
    /// The time between commits where none is set. Kafka: `commit.interval.ms`.
    fileprivate var defaultCommitInterval: Duration {
        switch self {
        case .exactlyOnce: .milliseconds(100)
        case .atLeastOnce: .seconds(30)
        }
    }
}

extension Duration {
    /// Whole milliseconds; what does not fit becomes the longest or shortest that does.
    var milliseconds: Int64 { wholeMilliseconds }
}
