extension Cluster {
    /// Creates a topic.
    /// - Throws: what Kafka answers: an invalid or taken name, counts, placement or configs.
    package func createTopic(_ topic: NewTopic, validateOnly: Bool = false, nowMs: Int64) throws(KafkaError)
        -> TopicDescription
    {
        try Topic.check(name: topic.name)
        guard topics[topic.name] == nil else {
            throw KafkaError(.topicAlreadyExists, "Topic '\(topic.name)' already exists.")
        }
        // Kafka's own brokers keep these; here they would be ordinary topics that nobody writes.
        guard !Topic.isInternal(topic.name) else {
            throw KafkaError(.invalidTopicException, "Creation of internal topic \(topic.name) is prohibited.")
        }
        try checkCollision(topic.name)
        let count = try partitionCount(of: topic)
        try checkNewPartitions(Int(count))
        let overrides = try checkedOverrides(topic.configs)
        let id = validateOnly ? TopicID.zero : identifiers.nextTopicID()
        if validateOnly {
            return TopicDescription(
                name: topic.name, id: id, partitionCount: count, isInternal: Topic.isInternal(topic.name))
        }
        perform(.topicCreated(name: topic.name, id: id, partitionCount: count, overrides: overrides))
        return try describeTopic(topic.name)
    }

    /// Refuses topics that together have more partitions than one request may create; each by itself may still be
    /// invalid.
    /// - Throws: POLICY_VIOLATION.
    package func checkSize(of topics: [NewTopic]) throws(KafkaError) {
        try checkNewPartitions(
            topics.reduce(0) { sum, topic in
                if !topic.replicaAssignment.isEmpty { return sum + topic.replicaAssignment.count }
                let count = topic.partitionCount == -1 ? configuration.defaultPartitionCount : topic.partitionCount
                return sum + max(Int(count), 0)
            })
    }

    /// - Throws: POLICY_VIOLATION if that many more are too many for one request or for the cluster.
    package func checkNewPartitions(_ count: Int) throws(KafkaError) {
        guard count <= configuration.maxNewPartitionsPerRequest else {
            throw KafkaError(.policyViolation, "Excessively large number of partitions per request.")
        }
        guard count <= configuration.maxPartitions - partitionCount else {
            throw KafkaError(
                .policyViolation,
                "The cluster has \(partitionCount) partitions and may have \(configuration.maxPartitions).")
        }
    }

    /// Kafka takes '.' and '_' for the same in names, because metrics cannot tell them apart.
    private func checkCollision(_ name: String) throws(KafkaError) {
        func plain(_ name: String) -> [UInt8] {
            name.utf8.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "_") : $0 }
        }
        guard name.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") }) else { return }
        let wanted = plain(name)
        guard let other = topics.keys.filter({ plain($0) == wanted }).min() else { return }
        throw KafkaError(.invalidTopicException, "Topic '\(name)' collides with existing topic: \(other)")
    }

    private func partitionCount(of topic: NewTopic) throws(KafkaError) -> Int32 {
        if !topic.replicaAssignment.isEmpty { return try partitionCount(ofPlaced: topic) }
        guard topic.replicationFactor == -1 || topic.replicationFactor > 0 else {
            throw KafkaError(
                .invalidReplicationFactor, "Replication factor must be larger than 0, or -1 to use the default value.")
        }
        guard topic.partitionCount == -1 || topic.partitionCount > 0 else {
            throw KafkaError(.invalidPartitions, "Number of partitions was set to an invalid non-positive value.")
        }
        guard topic.replicationFactor <= 1 else {
            throw KafkaError(
                .invalidReplicationFactor,
                "Unable to replicate the partition \(topic.replicationFactor) time(s): The target replication factor "
                    + "of \(topic.replicationFactor) cannot be reached because only 1 broker(s) are registered.")
        }
        return topic.partitionCount == -1 ? configuration.defaultPartitionCount : topic.partitionCount
    }

    private func partitionCount(ofPlaced topic: NewTopic) throws(KafkaError) -> Int32 {
        guard topic.partitionCount == -1 else {
            throw KafkaError(
                .invalidRequest, "A manual partition assignment was specified, but numPartitions was not set to -1.")
        }
        guard topic.replicationFactor == -1 else {
            throw KafkaError(
                .invalidRequest,
                "A manual partition assignment was specified, but replication factor was not set to -1.")
        }
        for partition in 0..<Int32(topic.replicaAssignment.count) {
            guard let replicas = topic.replicaAssignment[partition] else {
                throw KafkaError(
                    .invalidReplicaAssignment, "partitions should be a consecutive 0-based integer sequence")
            }
            guard replicas == [configuration.nodeID] else {
                throw KafkaError(
                    .invalidReplicaAssignment,
                    "The manual partition assignment includes broker \(replicas.first ?? -1), "
                        + "but no such broker is registered.")
            }
        }
        return Int32(topic.replicaAssignment.count)
    }

    /// Deletes a topic, its records and the offsets groups committed for it.
    /// - Throws: UNKNOWN_TOPIC_OR_PARTITION.
    package func deleteTopic(_ name: String, nowMs: Int64) throws(KafkaError) {
        guard let topic = topics[name] else { throw KafkaError(.unknownTopicOrPartition) }
        let partitions = topic.logs.map(\.partition)
        perform(.topicDeleted(name: name))
        for (groupID, group) in groups.sorted(by: { $0.key < $1.key }) {
            let known = partitions.filter { group.hasOffset(of: $0) }
            if !known.isEmpty { perform(.offsetsDeleted(groupID: groupID, known)) }
        }
    }

    /// Adds partitions until there are `totalCount`.
    /// - Throws: UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS unless that is more than now, POLICY_VIOLATION if it is
    ///   too many more.
    package func createPartitions(topic name: String, totalCount: Int32, validateOnly: Bool = false, nowMs: Int64)
        throws(KafkaError)
    {
        guard let topic = topics[name] else { throw KafkaError(.unknownTopicOrPartition) }
        if totalCount == topic.partitionCount {
            throw KafkaError(.invalidPartitions, "Topic already has \(totalCount) partition(s).")
        }
        guard totalCount > topic.partitionCount else {
            throw KafkaError(
                .invalidPartitions,
                "The topic \(name) currently has \(topic.partitionCount) partition(s); "
                    + "\(totalCount) would not be an increase.")
        }
        try checkNewPartitions(Int(totalCount) - Int(topic.partitionCount))
        if !validateOnly { perform(.topicGrown(name: name, partitionCount: totalCount)) }
    }

    /// - Throws: UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION for a name no topic can have.
    package func describeTopic(_ name: String) throws(KafkaError) -> TopicDescription {
        guard let topic = topics[name] else {
            try Topic.check(name: name)
            throw KafkaError(.unknownTopicOrPartition)
        }
        return topic.description
    }

    /// The topic that a request means: the one with the id where it names one, whatever its name then says.
    package func topicName(_ name: String?, id: TopicID) -> String? {
        id == .zero ? name : topicName(id: id)
    }

    /// Whether Kafka keeps the topic for itself; such a topic is never created here.
    package func isInternalTopic(_ name: String) -> Bool { Topic.isInternal(name) }

    /// All topics by name.
    package func listTopics() -> [TopicDescription] {
        topics.sorted { $0.key < $1.key }.map(\.value.description)
    }
}
