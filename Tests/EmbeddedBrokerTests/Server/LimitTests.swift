import ClusterCore
import Testing

@testable import EmbeddedBroker

/// Limits of sizes that a client chooses and that the broker would have to hold in memory.
@Suite struct LimitTests {
    @Test(
        "topics with more partitions than a request may create are refused, validated only or not",
        arguments: [10_001, 1_000_000_000, Int32.max], [false, true])
    func tooManyPartitions(count: Int32, validateOnly: Bool) async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            #expect(try create([("t", count)], client, validateOnly: validateOnly) == [.policyViolation])
            #expect(try create([("t", 1), ("u", count)], client, validateOnly: validateOnly).first == .policyViolation)
            #expect(try client.topicNames().isEmpty)
        }
    }

    @Test("topics that have too many partitions together are refused, each of them")
    func tooManyTogether() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            #expect(
                try create([("a", 5_000), ("b", 5_000), ("c", 1)], client)
                    == [.policyViolation, .policyViolation, .policyViolation])
            #expect(try create([("a", 5_000), ("b", 5_000)], client) == [.none, .none])
        }
    }

    @Test("counts below one and counts that are too large get different errors")
    func negativeCounts() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            for count in [0, -2, Int32.min] {
                #expect(try create([("t", count)], client) == [.invalidPartitions])
            }
            #expect(try create([("t", -1)], client) == [.none])
        }
    }

    @Test("all topics together have at most as many partitions as the cluster may have")
    func fullCluster() async throws {
        try await withBroker {
            $0.cluster.maxPartitions = 10
        } _: { broker in
            let client = try RawClient(broker)
            #expect(try create([("a", 6)], client) == [.none])
            #expect(try create([("b", 5)], client) == [.policyViolation])
            #expect(try grow("a", to: 11, client) == .policyViolation)
            #expect(try grow("a", to: 10, client) == .none)
            #expect(try create([("b", 1)], client) == [.policyViolation])
            var request = DeleteTopics.Request()
            request.topics = [DeleteTopics.Request.Topic(name: "a")]
            #expect(try client.call(request).topics.map(\.error) == [.none])
            #expect(try create([("b", 10)], client) == [.none])
        }
    }

    @Test(
        "a topic does not grow by more than a request may create",
        arguments: [
            (10_002, .policyViolation), (Int32.max, .policyViolation), (0, .invalidPartitions),
            (-1, .invalidPartitions),
            (Int32.min, .invalidPartitions), (1, .invalidPartitions), (10_001, .none),
        ] as [(Int32, KafkaErrorCode)], [false, true])
    func growth(of row: (count: Int32, error: KafkaErrorCode), isPlaced: Bool) async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            #expect(try create([("t", 1)], client) == [.none])
            #expect(try grow("t", to: row.count, client, validateOnly: true) == row.error)
            if isPlaced {
                let error = try grow("t", to: row.count, client, assignments: [.init(brokerIDs: [1])])
                #expect(error == (row.error == .none ? .invalidReplicaAssignment : row.error))
            } else {
                #expect(try grow("t", to: row.count, client) == row.error)
            }
        }
    }

    @Test("replica assignments with duplicates, unknown brokers or gaps are refused")
    func assignments() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            let rows: [[(Int32, [Int32])]] = [
                [(0, [1]), (0, [1])], [(0, [2])], [(0, [])], [(1, [1])], [(-1, [1])], [(Int32.max, [1])],
                [(0, [1, 1])],
            ]
            for row in rows {
                var topic = CreateTopics.Request.Topic(name: "t")
                topic.assignments = row.map { CreateTopics.Request.Assignment(partition: $0.0, brokerIDs: $0.1) }
                var request = CreateTopics.Request()
                request.topics = [topic]
                #expect(try client.call(request).topics.map(\.error) == [.invalidReplicaAssignment], "\(row)")
            }
            for factor in [2, Int16.max, 0, -2, Int16.min] {
                var request = CreateTopics.Request()
                request.topics = [.init(name: "t", partitionCount: 1, replicationFactor: factor)]
                #expect(try client.call(request).topics.map(\.error) == [.invalidReplicationFactor])
            }
        }
    }

    @Test("a thousandfold repetition in a request is answered once")
    func repetitions() async throws {
        try await withBroker {
            $0.topics = [NewTopic("t", partitionCount: 1_000)]
        } _: { broker in
            let client = try RawClient(broker)
            var metadata = Metadata.Request()
            metadata.topics = Array(repeating: Metadata.Request.Topic(name: "t"), count: 1_000)
            #expect(try client.call(metadata).topics.map(\.partitions.count) == [1_000])
            var configs = DescribeConfigs.Request()
            configs.resources = Array(repeating: .init(type: 2, name: "t"), count: 1_000)
            #expect(try client.call(configs).resources.count == 1)
            var groups = DescribeGroups.Request()
            groups.groupIDs = Array(repeating: "g", count: 1_000)
            #expect(try client.call(groups).groups.count == 1)
        }
    }

    @Test("members with more metadata or protocols than a group can hold are refused")
    func groupMetadata() async throws {
        try await withBroker {
            $0.cluster.maxGroupMetadataBytes = 100
        } _: { broker in
            let client = try RawClient(broker)
            var join = JoinGroup.Request()
            join.groupID = "g"
            join.sessionTimeoutMs = 10_000
            join.protocolType = "consumer"
            join.protocols = [.init(name: "range", metadata: WireBytes([UInt8](repeating: 0, count: 101)))]
            #expect(try client.call(join).error == .unknownServerError)
            join.protocols = (0..<65).map { .init(name: "p\($0)", metadata: WireBytes()) }
            #expect(try client.call(join).error == .inconsistentGroupProtocol)
            for timeoutMs in [Int32.min, -1, 0, 5_999, 1_800_001, Int32.max] {
                join.sessionTimeoutMs = timeoutMs
                join.protocols = [.init(name: "range", metadata: WireBytes())]
                #expect(try client.call(join).error == .invalidSessionTimeout)
            }
        }
    }

    @Test("a string longer than Kafka allows closes the connection, even if its bytes are there")
    func longString() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            var request = DeleteGroups.Request()
            request.groupIDs = [String(repeating: "g", count: 32_767)]
            #expect(try client.call(request).results.count == 1)
            request.groupIDs = [String(repeating: "g", count: 32_768)]
            try client.send(request)
            #expect(client.isClosedByBroker())
        }
    }

    @Test("a fetch that wants more than an answer can hold gets the records that there are")
    func hugeMinimum() async throws {
        try await withBroker {
            $0.topics = [NewTopic("t", partitionCount: 1)]
        } _: { broker in
            let client = try RawClient(broker)
            try client.produce(["a"], to: "t")
            var request = client.fetchRequest("t", maxWaitMs: .max, minBytes: .max)
            request.maxBytes = 10
            #expect(try client.call(request, version: 12).values() == ["a"])
        }
    }

    @Test("retention and compaction settings at the ends of their range do no harm", arguments: [Int64.max, 0])
    func extremeConfigs(value: Int64) throws {
        let cluster = Cluster(nowMs: 1_000_000)
        let names = ["delete.retention.ms", "retention.ms", "min.compaction.lag.ms", "retention.bytes"]
        var configs: [String: String?] = Dictionary(uniqueKeysWithValues: names.map { ($0, "\(value)") })
        configs["min.compaction.lag.ms"] = "0"
        configs["cleanup.policy"] = "compact,delete"
        _ = try cluster.createTopic(NewTopic("t", configs: configs), nowMs: 1_000_000)
        for timestampMs in [Int64.min, .max, 0, -1] {
            var writer = RecordBatchWriter()
            writer.append(key: [1], value: nil, timestampMs: 0)
            writer.append(key: [1], value: nil, timestampMs: timestampMs)
            _ = try? cluster.produce(writer.finish(), to: TopicPartition("t", 0), nowMs: 1_000_000)
        }
        cluster.cleanLogs(nowMs: 2_000_000)
        #expect(try cluster.offsets(of: TopicPartition("t", 0)).highWatermark >= 2)
    }

    private func create(
        _ topics: [(String, Int32)], _ client: RawClient, validateOnly: Bool = false
    ) throws -> [KafkaErrorCode] {
        var request = CreateTopics.Request()
        request.validateOnly = validateOnly
        request.topics = topics.map { .init(name: $0.0, partitionCount: $0.1, replicationFactor: 1) }
        return try client.call(request).topics.map(\.error)
    }

    private func grow(
        _ topic: String, to count: Int32, _ client: RawClient, validateOnly: Bool = false,
        assignments: [CreatePartitions.Request.Assignment]? = nil
    ) throws -> KafkaErrorCode {
        var request = CreatePartitions.Request()
        request.validateOnly = validateOnly
        request.topics = [.init(name: topic, count: count, assignments: assignments)]
        return try client.call(request).topics.first?.error ?? .unknownServerError
    }
}
