import CRdkafka

/// A topic to be created.
package struct NewTopic: Sendable, Hashable {
    package var name: String
    /// -1 for the broker's default.
    package var partitions: Int32
    /// -1 for the broker's default.
    package var replicationFactor: Int32
    /// Topic settings such as `cleanup.policy`.
    package var configs: [String: String]

    package init(_ name: String, partitions: Int32, replicationFactor: Int32 = -1, configs: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.replicationFactor = replicationFactor
        self.configs = configs
    }
}

/// A topic as the cluster's metadata show it.
package struct TopicDescription: Sendable, Hashable {
    package struct Partition: Sendable, Hashable {
        package var id: Int32
        /// The leading broker; nil while there is none.
        package var leader: Int32?
        package var replicas: [Int32]
        package var inSyncReplicas: [Int32]
    }

    package var name: String
    /// In the order of their ids.
    package var partitions: [Partition]
}

extension KafkaAdmin {
    /// Creates topics; one that exists already has the error `.topicAlreadyExists`.
    package func createTopics(_ topics: [NewTopic], timeoutMs: Int32) throws(KafkaError) -> AdminResults<String> {
        guard !topics.isEmpty else { return [:] }
        var results: AdminResults<String> = [:]
        var requests: [OpaquePointer?] = []
        defer { for request in requests { rd_kafka_NewTopic_destroy(request) } }
        for topic in topics {
            var request: OpaquePointer?
            let reason = withErrorText {
                request = rd_kafka_NewTopic_new(topic.name, topic.partitions, topic.replicationFactor, $0, $1)
            }
            guard let request else {
                results[topic.name] = .failure(
                    KafkaError(.invalidArgument, reason, context: "create topic \(topic.name)"))
                continue
            }
            requests.append(request)
            for (name, value) in topic.configs.sorted(by: { $0.key < $1.key }) {
                rd_kafka_NewTopic_set_config(request, name, value)
            }
        }
        guard !requests.isEmpty else { return results }
        let answers = try request(
            RD_KAFKA_ADMIN_OP_CREATETOPICS, "create topics", timeoutMs: timeoutMs,
            submit: { rd_kafka_CreateTopics(client.pointer, &requests, requests.count, $0, $1) },
            read: { event throws(KafkaError) in
                topicResults("create topic") {
                    rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), $0)
                }
            })
        return results.merging(answers) { $1 }
    }

    /// Deletes topics; one that does not exist has the error `.unknownTopicOrPartition`.
    package func deleteTopics(_ topics: [String], timeoutMs: Int32) throws(KafkaError) -> AdminResults<String> {
        guard !topics.isEmpty else { return [:] }
        var requests = topics.map { rd_kafka_DeleteTopic_new($0) }
        defer { for request in requests { rd_kafka_DeleteTopic_destroy(request) } }
        return try request(
            RD_KAFKA_ADMIN_OP_DELETETOPICS, "delete topics", timeoutMs: timeoutMs,
            submit: { rd_kafka_DeleteTopics(client.pointer, &requests, requests.count, $0, $1) },
            read: { event throws(KafkaError) in
                topicResults("delete topic") {
                    rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), $0)
                }
            })
    }

    /// Raises topics to a number of partitions.
    package func createPartitions(_ totals: [String: Int], timeoutMs: Int32) throws(KafkaError) -> AdminResults<String>
    {
        var results: AdminResults<String> = [:]
        var requests: [OpaquePointer?] = []
        defer { for request in requests { rd_kafka_NewPartitions_destroy(request) } }
        for (topic, total) in totals.sorted(by: { $0.key < $1.key }) {
            var request: OpaquePointer?
            let reason = withErrorText { request = rd_kafka_NewPartitions_new(topic, max(0, total), $0, $1) }
            if let request {
                requests.append(request)
            } else {
                results[topic] = .failure(
                    KafkaError(.invalidArgument, reason, context: "create partitions of \(topic)"))
            }
        }
        guard !requests.isEmpty else { return results }
        let answers = try request(
            RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, "create partitions", timeoutMs: timeoutMs,
            submit: { rd_kafka_CreatePartitions(client.pointer, &requests, requests.count, $0, $1) },
            read: { event throws(KafkaError) in
                topicResults("create partitions of") {
                    rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), $0)
                }
            })
        return results.merging(answers) { $1 }
    }

    /// Describes topics; one that does not exist has the error `.unknownTopicOrPartition`.
    ///
    /// Reads the metadata of the whole cluster: asking for a topic by name would create it on some brokers.
    package func describeTopics(
        _ names: [String], timeoutMs: Int32
    ) throws(KafkaError) -> [String: Result<TopicDescription, KafkaError>] {
        let wanted = Set(names)
        var found = try withMetadata(allTopics: true, timeoutMs: timeoutMs) { metadata in
            var found: [String: Result<TopicDescription, KafkaError>] = [:]
            for topic in UnsafeBufferPointer(start: metadata.topics, count: Int(metadata.topic_cnt)) {
                let name = topic.topic.map { String(cString: $0) } ?? ""
                guard wanted.contains(name) else { continue }
                found[name] =
                    topic.err == RD_KAFKA_RESP_ERR_NO_ERROR
                    ? .success(TopicDescription(name, topic))
                    : .failure(client.error(topic.err, "describe topic \(name)"))
            }
            return found
        }
        for name in wanted where found[name] == nil {
            let code = KafkaError.Code.unknownTopicOrPartition
            found[name] = .failure(
                KafkaError(code, "The topic does not exist", context: "describe topic \(name)", isRetriable: false))
        }
        return found
    }

    private func topicResults(
        _ operation: String, _ fetch: (UnsafeMutablePointer<Int>) -> UnsafeMutablePointer<OpaquePointer?>?
    ) -> AdminResults<String> {
        var results: AdminResults<String> = [:]
        for result in adminArray(fetch) {
            let name = String(cString: rd_kafka_topic_result_name(result))
            let code = rd_kafka_topic_result_error(result)
            let text = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
            results[name] =
                code == RD_KAFKA_RESP_ERR_NO_ERROR
                ? .success(()) : .failure(client.error(code, "\(operation) \(name)", message: text))
        }
        return results
    }
}

extension TopicDescription {
    fileprivate init(_ name: String, _ topic: rd_kafka_metadata_topic) {
        self.name = name
        let partitions = UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt))
        self.partitions = partitions.map { partition in
            Partition(
                id: partition.id, leader: partition.leader < 0 ? nil : partition.leader,
                replicas: Array(UnsafeBufferPointer(start: partition.replicas, count: Int(partition.replica_cnt))),
                inSyncReplicas: Array(UnsafeBufferPointer(start: partition.isrs, count: Int(partition.isr_cnt))))
        }.sorted { $0.id < $1.id }
    }
}
