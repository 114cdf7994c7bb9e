public import Millrace
public import MillraceConnect

/// The configuration of a connect worker: the cluster, and the connectors that run there.
///
/// ```swift
/// let configuration = try ConnectConfiguration(file: "connect.json", kinds: [.fileSource, .fileSink])
/// print(configuration.name, configuration.connectors.map(\.name))
/// ```
///
/// The file is a JSON object:
///
/// ```json
/// {
///     "name": "bank",
///     "bootstrapServers": ["localhost:9092"],
///     "connectors": {
///         "orders": {"type": "file-source", "path": "/var/spool/orders.txt", "topic": "orders"}
///     }
/// }
/// ```
public struct ConnectConfiguration: Sendable {
    /// The name that all processes with this configuration have in common: letters, digits, `.`, `_` and `-`. The topics of positions and
    /// wanted states, the consumer groups and the transactional ids begin with it.
    public var name: String
    /// The brokers to connect to first, each `HOST:PORT`.
    public var bootstrapServers: [String]
    /// Settings of librdkafka for every client, by their names; none by default.
    public var clientSettings: [String: String] = [:]
    /// The number of replicas of the worker's own topics; −1, the default, leaves it to the broker.
    public var replicationFactor: Int16 = -1
    /// The time between two looks for new parts of sources, such as a table that was added. 30 s by default.
    public var partCheckInterval: Duration = .seconds(30)
    /// The texts of the object `server`, by the names that the options of a server have, such as `tls-certificate`; empty
    /// for none.
    public var server: [String: String] = [:]
    /// The address at which the other processes find this one's server; `nil`, the default, for none.
    public var serverAddress: InstanceAddress?
    /// The connectors, by their names in order.
    public var connectors: [ConfiguredConnector]

    /// Makes a configuration with the defaults for everything else.
    ///
    /// - Parameters:
    ///   - name: the name that all processes have in common.
    ///   - bootstrapServers: the brokers to connect to first, each `HOST:PORT`.
    ///   - connectors: the connectors.
    public init(name: String, bootstrapServers: [String], connectors: [ConfiguredConnector]) {
        self.name = name
        self.bootstrapServers = bootstrapServers
        self.connectors = connectors
    }

    /// The names of topics, groups and ids.
    var names: WorkerNames { WorkerNames(name) }
}

/// A connector with its name, and what holds for connectors of every kind.
public struct ConfiguredConnector: Sendable {
    /// The name, which is part of transactional ids and of groups' names: letters, digits, `.`, `_` and `-`. No two connectors of a
    /// worker have the same.
    public var name: String
    /// The kind's name, such as `postgres-source`.
    public var type: String
    /// The source or the sink.
    public var connector: Connector
    /// The lag above which a source is not read on; `nil`, the default, for none.
    public var pauseAtLag: LagLimit?
    /// The topic of the records that a sink's target refuses; `nil`, the default, to stop at the first of them.
    public var deadLetterTopic: String?
    /// Whether a sink passes over records that their topic does not have any more; false by default: it stops there.
    public var passesOverLostRecords = false
    /// The digest of the settings in a configuration file, to be compared with that of other processes; `nil` for a connector from code.
    package var digest: SettingsDigest?

    /// Makes a connector.
    ///
    /// - Parameters:
    ///   - name: the name, which is part of transactional ids and of groups' names.
    ///   - type: the kind's name.
    ///   - connector: the source or the sink.
    ///   - pauseAtLag: the lag above which a source is not read on; none by default.
    public init(name: String, type: String, connector: Connector, pauseAtLag: LagLimit? = nil) {
        self.name = name
        self.type = type
        self.connector = connector
        self.pauseAtLag = pauseAtLag
    }
}

/// The lag of a consumer group above which a source is not read on, until it is at most half as large.
public struct LagLimit: Sendable, Hashable {
    /// The consumer group that reads what the source writes.
    public var group: String
    /// The number of records, of all partitions together, that the group may be behind.
    public var records: Int64

    /// Makes a limit.
    ///
    /// - Parameters:
    ///   - group: the consumer group that reads what the source writes.
    ///   - records: the number of records, of all partitions together, that the group may be behind.
    public init(group: String, records: Int64) {
        self.group = group
        self.records = records
    }
}
