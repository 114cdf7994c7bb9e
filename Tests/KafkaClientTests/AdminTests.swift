import KafkaClient
import Testing

extension BrokerTests {
    struct AdminTests {
        private let timeoutMs: Int32 = 10_000

        @Test("topics are created, described, enlarged and deleted, with a result for each")
        func topics() throws {
            let admin = try TestBroker.admin()
            let name = TestBroker.uniqueName("topic")
            let missing = TestBroker.uniqueName("missing")
            let topic = NewTopic(name, partitions: 2, configs: ["cleanup.policy": "compact"])
            try #require(try admin.createTopics([topic], timeoutMs: timeoutMs)[name]).get()
            let again = try #require(try admin.createTopics([topic], timeoutMs: timeoutMs)[name])
            #expect { try again.get() } throws: { ($0 as? KafkaError)?.code == .topicAlreadyExists }

            let described = try admin.describeTopics([name, missing], timeoutMs: timeoutMs)
            #expect(try described[name]?.get().partitions.map(\.id) == [0, 1])
            #expect(try described[name]?.get().partitions.allSatisfy { $0.leader != nil } == true)
            let absent = try #require(described[missing])
            #expect { try absent.get() } throws: { ($0 as? KafkaError)?.code == .unknownTopicOrPartition }
            // The request did not create it.
            let still = try #require(try admin.describeTopics([missing], timeoutMs: timeoutMs)[missing])
            #expect(throws: KafkaError.self) { try still.get() }

            try #require(try admin.createPartitions([name: 3], timeoutMs: timeoutMs)[name]).get()
            try eventually("the third partition") {
                try admin.describeTopics([name], timeoutMs: timeoutMs)[name]?.get().partitions.count == 3
            }
            try #require(try admin.deleteTopics([name], timeoutMs: timeoutMs)[name]).get()
            let gone = try #require(try admin.deleteTopics([missing], timeoutMs: timeoutMs)[missing])
            #expect { try gone.get() } throws: { ($0 as? KafkaError)?.code == .unknownTopicOrPartition }
        }

        @Test("a topic's configuration is read and replaced")
        func configs() throws {
            let admin = try TestBroker.admin()
            let name = TestBroker.uniqueName("topic")
            let topic = NewTopic(name, partitions: 1, configs: ["retention.ms": "1000000"])
            try #require(try admin.createTopics([topic], timeoutMs: timeoutMs)[name]).get()
            #expect(try admin.describeConfigs(.topic(name), timeoutMs: timeoutMs)["retention.ms"]?.value == "1000000")
            try admin.alterConfigs(.topic(name), to: ["retention.ms": "2000000"], timeoutMs: timeoutMs)
            #expect(try admin.describeConfigs(.topic(name), timeoutMs: timeoutMs)["retention.ms"]?.value == "2000000")
            #expect(throws: KafkaError.self) {
                try admin.describeConfigs(.topic(TestBroker.uniqueName("missing")), timeoutMs: timeoutMs)
            }
        }

        @Test("records before an offset are deleted, which then is the earliest")
        func deleteRecords() throws {
            let admin = try TestBroker.admin()
            let topic = try TestBroker.topic()
            let partition = TopicPartition(topic, 0)
            let producer = try TestBroker.producer()
            for index in 0..<10 { try producer.send("v", to: topic, timestampMs: Int64(100 + index)) }
            try producer.flush(timeoutMs: timeoutMs)
            #expect(try admin.listOffsets([partition: .latest], timeoutMs: timeoutMs) == [partition: 10])
            #expect(try admin.listOffsets([partition: .timestamp(106)], timeoutMs: timeoutMs) == [partition: 6])
            let deleted = try admin.deleteRecords(before: [partition: 4], timeoutMs: timeoutMs)
            #expect(try deleted[partition]?.get() == 4)
            #expect(try admin.listOffsets([partition: .earliest], timeoutMs: timeoutMs) == [partition: 4])
        }

        @Test("a group's offsets are listed, and the group is deleted")
        func groups() throws {
            let admin = try TestBroker.admin()
            let topic = try TestBroker.topic()
            let group = TestBroker.uniqueName("group")
            let committed = [TopicPartition(topic, 0): CommittedOffset(5, metadata: "m")]
            let consumer = try TestBroker.consumer(group: group)
            try consumer.commit(committed)
            try consumer.close()
            #expect(try admin.listConsumerGroupOffsets(group, timeoutMs: timeoutMs) == committed)
            let named = try admin.listConsumerGroupOffsets(
                group, partitions: [TopicPartition(topic, 0)], timeoutMs: timeoutMs)
            #expect(named == committed)
            try #require(try admin.deleteConsumerGroups([group], timeoutMs: timeoutMs)[group]).get()
            #expect(try admin.listConsumerGroupOffsets(group, timeoutMs: timeoutMs).isEmpty)
        }

        @Test("the cluster's brokers are listed")
        func cluster() throws {
            let admin = try TestBroker.admin()
            let brokers = try admin.brokers(timeoutMs: timeoutMs)
            #expect(brokers.count >= 1)
            #expect(brokers.allSatisfy { !$0.host.isEmpty && $0.port > 0 })
            _ = try admin.clusterID(timeoutMs: timeoutMs)
        }
    }
}
