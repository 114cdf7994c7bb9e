/// A topic to create.
package struct NewTopic: Sendable {
    package var name: String
    /// -1 for the cluster's default.
    package var partitionCount: Int32
    /// -1 for the default; a single node takes 1 only.
    package var replicationFactor: Int16
    /// The replicas of each partition by number; empty unless the client placed them itself, then the counts are -1.
    package var replicaAssignment: [Int32: [Int32]]
    /// Configs by Kafka's names; nil values mean the default.
    package var configs: [String: String?]

    package init(
        _ name: String, partitionCount: Int32 = -1, replicationFactor: Int16 = -1,
        replicaAssignment: [Int32: [Int32]] = [:], configs: [String: String?] = [:]
    ) {
        self.name = name
        self.partitionCount = partitionCount
        self.replicationFactor = replicationFactor
        self.replicaAssignment = replicaAssignment
        self.configs = configs
    }
}

/// A topic as Metadata and CreateTopics answer it. Each partition's leader, replica and in-sync replica is the one node.
package struct TopicDescription: Hashable, Sendable {
    package var name: String
    package var id: TopicID
    package var partitionCount: Int32
    /// Whether Kafka keeps it for itself; such a topic cannot be written by clients.
    package var isInternal: Bool
}

/// The resource of a config request.
package enum ConfigResource: Hashable, Sendable {
    case topic(String)
    /// A node id in decimal; empty for the cluster-wide defaults.
    case broker(String)
}

/// The source of a config's value, with Kafka's number.
package enum ConfigSource: Int8, Sendable {
    case dynamicTopic = 1
    case staticBroker = 4
    case defaultConfig = 5
}

/// The type of a config's value, with the number of DescribeConfigs.
package enum ConfigType: Int8, Sendable {
    case boolean = 1
    case string = 2
    case int = 3
    case short = 4
    case long = 5
    case double = 6
    case list = 7
    case `class` = 8
    case password = 9
}

/// One config of a topic or the broker as DescribeConfigs answers it.
package struct ConfigEntry: Hashable, Sendable {
    package var name: String
    package var value: String?
    package var source: ConfigSource
    package var type: ConfigType
    package var isReadOnly: Bool
}

/// One step of an IncrementalAlterConfigs request (KIP-339).
package struct ConfigOperation: Hashable, Sendable {
    /// The operations, with Kafka's numbers.
    package enum Kind: Int8, Sendable {
        case set = 0
        case delete = 1
        case append = 2
        case subtract = 3
    }

    package var name: String
    package var kind: Kind
    package var value: String?

    package init(_ kind: Kind, _ name: String, _ value: String? = nil) {
        self.name = name
        self.kind = kind
        self.value = value
    }
}
