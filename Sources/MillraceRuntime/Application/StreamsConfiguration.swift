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

    var commitIntervalMs: Int64 {
        (commitInterval ?? (guarantee == .exactlyOnce ? .milliseconds(100) : .seconds(30))).wholeMilliseconds
    }

    /// Everything that is wrong, in words; empty where the configuration can be used.
    public func problems() -> [String] { problemsBesideClientSettings() + clientProblems() }

    /// What is wrong with the settings that are not librdkafka's.
    package func problemsBesideClientSettings() -> [String] {
        var problems: [String] = []
        problems += nameProblems()
        if bootstrapServers.isEmpty { problems.append("bootstrap servers: at least one HOST:PORT is needed") }
        if stateDirectory.isEmpty { problems.append("state directory: the path is empty") }
        if let applicationServer, InstanceAddress(applicationServer) == nil {
            problems.append("application server \"\(applicationServer)\": it has to be HOST:PORT")
        }
        if let problem = offsetReset.problem { problems.append(problem) }
        problems += numberProblems()
        return problems
    }
}

extension Duration {
    /// Whole milliseconds; what does not fit becomes the longest or shortest that does.
    var milliseconds: Int64 { wholeMilliseconds }
}
