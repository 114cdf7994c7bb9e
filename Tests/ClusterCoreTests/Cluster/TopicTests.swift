import ClusterCore
import Testing

@Suite("Topics")
struct TopicTests {
    @Test("a new topic has the requested counts, or the defaults")
    func creation() throws {
        var configuration = ClusterConfiguration()
        configuration.defaultPartitionCount = 3
        let cluster = Cluster(configuration: configuration, nowMs: 0)
        #expect(
            try cluster.createTopic(NewTopic("a", partitionCount: 6, replicationFactor: 1), nowMs: 0).partitionCount
                == 6)
        #expect(try cluster.createTopic(NewTopic("b"), nowMs: 0).partitionCount == 3)
        let placed = NewTopic("c", replicaAssignment: [0: [1], 1: [1]])
        let third = try cluster.createTopic(placed, nowMs: 0)
        #expect(third.partitionCount == 2)
        #expect(cluster.listTopics().map(\.name) == ["a", "b", "c"])
        #expect(cluster.topicName(id: third.id) == "c")
        #expect(try cluster.createTopic(NewTopic("d"), validateOnly: true, nowMs: 0).partitionCount == 3)
        #expect(code(try cluster.describeTopic("d")) == .unknownTopicOrPartition)
    }

    @Test(
        "an impossible topic is refused with Kafka's code",
        arguments: [
            (NewTopic("t"), .topicAlreadyExists), (NewTopic(""), .invalidTopicException),
            (NewTopic(".."), .invalidTopicException), (NewTopic("a b"), .invalidTopicException),
            (NewTopic(String(repeating: "a", count: 250)), .invalidTopicException),
            (NewTopic("with_dot"), .invalidTopicException),
            (NewTopic("n", partitionCount: 0), .invalidPartitions),
            (NewTopic("n", partitionCount: -2), .invalidPartitions),
            (NewTopic("n", replicationFactor: 0), .invalidReplicationFactor),
            (NewTopic("n", replicationFactor: 3), .invalidReplicationFactor),
            (NewTopic("n", partitionCount: 1, replicaAssignment: [0: [1]]), .invalidRequest),
            (NewTopic("n", replicaAssignment: [1: [1]]), .invalidReplicaAssignment),
            (NewTopic("n", replicaAssignment: [0: [2]]), .invalidReplicaAssignment),
            (NewTopic("n", configs: ["no.such.config": "x"]), .invalidConfig),
            (NewTopic("n", configs: ["retention.ms": "abc"]), .invalidConfig),
            (NewTopic("n", configs: ["retention.ms": "-2"]), .invalidConfig),
            (NewTopic("n", configs: ["cleanup.policy": "shred"]), .invalidConfig),
            (NewTopic("n", configs: ["min.cleanable.dirty.ratio": "1.5"]), .invalidConfig),
            (NewTopic("n", configs: ["preallocate": "yes"]), .invalidConfig),
            (NewTopic("n", configs: ["cleanup.policy": "compact, delete", "retention.ms": "-1"]), .none),
        ] as [(NewTopic, KafkaErrorCode)])
    func refusals(topic: NewTopic, error: KafkaErrorCode) throws {
        let (cluster, _) = try clusterWithTopic()
        _ = try cluster.createTopic(NewTopic("with.dot"), nowMs: 0)
        #expect(code(try cluster.createTopic(topic, nowMs: 0)) == error)
    }

    @Test("refusals have Kafka's messages")
    func messages() throws {
        let (cluster, _) = try clusterWithTopic()
        func message(_ topic: NewTopic) -> String? {
            do throws(KafkaError) {
                _ = try cluster.createTopic(topic, nowMs: 0)
                return nil
            } catch { return error.message }
        }
        #expect(message(NewTopic("t")) == "Topic 't' already exists.")
        #expect(message(NewTopic("n", configs: ["no.such.config": "x"])) == "Unknown topic config name: no.such.config")
        #expect(
            message(NewTopic("n", configs: ["retention.ms": "abc"]))
                == "Invalid value abc for configuration retention.ms: Not a number of type LONG")
        #expect(
            message(NewTopic("n", partitionCount: 1, replicationFactor: 3))
                == "Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached "
                + "because only 1 broker(s) are registered.")
    }

    @Test("partitions are added, never removed")
    func growing() throws {
        let (cluster, _) = try clusterWithTopic(partitions: 2)
        #expect(code(try cluster.createPartitions(topic: "u", totalCount: 3, nowMs: 0)) == .unknownTopicOrPartition)
        #expect(code(try cluster.createPartitions(topic: "t", totalCount: 2, nowMs: 0)) == .invalidPartitions)
        #expect(code(try cluster.createPartitions(topic: "t", totalCount: 1, nowMs: 0)) == .invalidPartitions)
        try cluster.createPartitions(topic: "t", totalCount: 5, validateOnly: true, nowMs: 0)
        #expect(try cluster.describeTopic("t").partitionCount == 2)
        try cluster.createPartitions(topic: "t", totalCount: 5, nowMs: 0)
        #expect(try cluster.describeTopic("t").partitionCount == 5)
        _ = try cluster.produce(values("a"), to: TopicPartition("t", 4), nowMs: 0)
    }

    @Test("a deleted topic takes its records and committed offsets with it; its name may be used again")
    func deletion() throws {
        let (cluster, partition) = try clusterWithTopic()
        let before = try cluster.describeTopic("t").id
        _ = try cluster.produce(values("a"), to: partition, nowMs: 0)
        _ = cluster.commitOffsets(
            GroupMembership(groupID: "g"), offsets: [.init(partition, .init(offset: 1))], nowMs: 0)
        try cluster.deleteTopic("t", nowMs: 0)
        #expect(code(try cluster.deleteTopic("t", nowMs: 0)) == .unknownTopicOrPartition)
        #expect(cluster.topicName(id: before) == nil)
        #expect(cluster.fetchOffsets(groupID: "g", partitions: nil).isEmpty)
        #expect(try cluster.createTopic(NewTopic("t"), nowMs: 0).id != before)
        #expect(try cluster.offsets(of: partition).highWatermark == 0)
    }

    @Test("configs are replaced as a whole, or changed one by one")
    func configs() throws {
        let (cluster, _) = try clusterWithTopic(configs: ["retention.ms": "1", "segment.ms": "2"])
        let topic = ConfigResource.topic("t")
        func value(_ name: String) throws -> String? {
            try cluster.describeConfigs(topic).first { $0.name == name }?.value
        }
        try cluster.alterConfigs(topic, to: ["retention.ms": "7"], nowMs: 0)
        #expect(try value("retention.ms") == "7")
        #expect(try value("segment.ms") == "604800000")
        try cluster.incrementalAlterConfigs(
            topic, [.init(.set, "retention.bytes", "9"), .init(.append, "cleanup.policy", "compact")], nowMs: 0)
        #expect(try value("retention.ms") == "7")
        #expect(try value("retention.bytes") == "9")
        #expect(try value("cleanup.policy") == "delete,compact")
        try cluster.incrementalAlterConfigs(
            topic, [.init(.delete, "retention.ms"), .init(.subtract, "cleanup.policy", "delete")], nowMs: 0)
        #expect(try value("retention.ms") == "604800000")
        #expect(try value("cleanup.policy") == "compact")
        let entry = try #require(try cluster.describeConfigs(topic).first { $0.name == "retention.bytes" })
        #expect(entry.source == .dynamicTopic && entry.type == .long)
        #expect(
            code(try cluster.incrementalAlterConfigs(topic, [.init(.append, "retention.ms", "1")], nowMs: 0))
                == .invalidConfig)
        #expect(code(try cluster.alterConfigs(topic, to: ["x": "1"], nowMs: 0)) == .invalidConfig)
        #expect(code(try cluster.alterConfigs(.topic("u"), to: [:], nowMs: 0)) == .unknownTopicOrPartition)
        #expect(code(try cluster.describeConfigs(.broker("2"))) == .invalidRequest)
        #expect(try !cluster.describeConfigs(.broker("1")).isEmpty)
        #expect(code(try cluster.alterConfigs(.broker("1"), to: [:], nowMs: 0)) == .invalidRequest)
    }
}
