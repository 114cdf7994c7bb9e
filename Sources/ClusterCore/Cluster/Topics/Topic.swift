/// A topic: its configs and the logs of its partitions.
final class Topic {
    let name: String
    let id: TopicID
    /// Configs that differ from the default, by name.
    private(set) var overrides: [String: String]
    private(set) var configuration: TopicConfiguration
    private(set) var logs: [PartitionLog] = []
    private let storage: any BatchStorage

    init(
        name: String, id: TopicID, partitionCount: Int32, overrides: [String: String], cluster: ClusterConfiguration,
        storage: any BatchStorage
    ) {
        self.name = name
        self.id = id
        self.storage = storage
        self.overrides = overrides
        configuration = TopicConfiguration(overrides: overrides, cluster: cluster)
        grow(to: partitionCount)
    }

    var partitionCount: Int32 { Int32(logs.count) }

    var description: TopicDescription {
        TopicDescription(name: name, id: id, partitionCount: partitionCount, isInternal: Topic.isInternal(name))
    }

    /// The partition's log; nil for a number the topic does not have.
    func log(_ partition: Int32) -> PartitionLog? {
        partition >= 0 && partition < logs.count ? logs[Int(partition)] : nil
    }

    func grow(to count: Int32) {
        while partitionCount < count {
            let log = PartitionLog(TopicPartition(name, partitionCount), storage: storage.makeLog())
            log.segmentSizeInBytes = configuration.segmentSizeInBytes
            logs.append(log)
        }
    }

    func configure(_ overrides: [String: String], cluster: ClusterConfiguration) {
        self.overrides = overrides
        configuration = TopicConfiguration(overrides: overrides, cluster: cluster)
        for log in logs { log.segmentSizeInBytes = configuration.segmentSizeInBytes }
    }

    /// Whether Kafka keeps the topic for itself.
    static func isInternal(_ name: String) -> Bool {
        name == "__consumer_offsets" || name == "__transaction_state"
    }

    /// Refuses names Kafka refuses (`org.apache.kafka.common.internals.Topic`).
    static func check(name: String) throws(KafkaError) {
        func invalid(_ reason: String) -> KafkaError {
            KafkaError(.invalidTopicException, "Topic name is invalid: \(reason)")
        }
        guard !name.isEmpty else { throw invalid("the empty string is not allowed") }
        guard name != ".", name != ".." else { throw invalid("'\(name)' is not allowed") }
        guard name.utf8.count <= 249 else {
            throw invalid("the length of '\(name)' is longer than the max allowed length 249")
        }
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                continue
            default:
                throw invalid(
                    "'\(name)' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'")
            }
        }
    }
}
