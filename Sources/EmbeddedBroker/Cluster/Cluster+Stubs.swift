// Signatures while the bodies are being written; each moves to its own file.

extension Cluster {
    // MARK: topics

    package func createTopic(_ topic: NewTopic, validateOnly: Bool = false, nowMs: Int64) throws(KafkaError)
        -> TopicDescription
    { throw KafkaError(.unknownServerError) }
    package func deleteTopic(_ name: String, nowMs: Int64) throws(KafkaError) { throw KafkaError(.unknownServerError) }
    /// `totalCount` is the new number of partitions.
    package func createPartitions(topic: String, totalCount: Int32, validateOnly: Bool = false, nowMs: Int64)
        throws(KafkaError)
    { throw KafkaError(.unknownServerError) }
    package func describeTopic(_ name: String) throws(KafkaError) -> TopicDescription {
        throw KafkaError(.unknownServerError)
    }
    /// All topics by name.
    package func listTopics() -> [TopicDescription] { [] }
    package func topicName(id: TopicID) -> String? { nil }
    package var clusterID: String { "" }

    package func describeConfigs(_ resource: ConfigResource) throws(KafkaError) -> [ConfigEntry] { [] }
    /// Replaces all configs of the resource.
    package func alterConfigs(
        _ resource: ConfigResource, to configs: [String: String?], validateOnly: Bool = false, nowMs: Int64
    ) throws(KafkaError) {}
    package func incrementalAlterConfigs(
        _ resource: ConfigResource, _ operations: [ConfigOperation], validateOnly: Bool = false, nowMs: Int64
    ) throws(KafkaError) {}

    // MARK: logs

    package func produce(
        _ records: [UInt8], to partition: TopicPartition, transactionalID: String? = nil, acks: Int16 = -1, nowMs: Int64
    ) throws(KafkaError) -> ProduceAnswer { throw KafkaError(.unknownServerError) }
    /// `maxBytes` bounds the batches' sum; with `atLeastOneBatch` the first comes even if it is larger.
    /// `currentLeaderEpoch` -1: not checked.
    package func fetch(
        _ partition: TopicPartition, from offset: Int64, maxBytes: Int, isolation: IsolationLevel,
        atLeastOneBatch: Bool = true, currentLeaderEpoch: Int32 = -1
    ) throws(KafkaError) -> FetchAnswer { throw KafkaError(.unknownServerError) }
    /// Changes whenever a fetch of the partition might answer more than before; 0 for an unknown partition.
    package func version(of partition: TopicPartition) -> UInt64 { 0 }
    /// The partitions whose version changed since the last call, without repetition.
    package func takeAdvanced() -> [TopicPartition] { [] }
    package func listOffset(
        _ partition: TopicPartition, _ spec: OffsetSpec, isolation: IsolationLevel, currentLeaderEpoch: Int32 = -1
    ) throws(KafkaError) -> ListedOffset { throw KafkaError(.unknownServerError) }
    /// OffsetForLeaderEpoch: the largest known epoch up to the given one and where it ends; -1, -1 if unknown.
    package func endOffset(_ partition: TopicPartition, ofLeaderEpoch epoch: Int32, currentLeaderEpoch: Int32 = -1)
        throws(KafkaError) -> (leaderEpoch: Int32, endOffset: Int64)
    { throw KafkaError(.unknownServerError) }
    package func offsets(of partition: TopicPartition) throws(KafkaError) -> PartitionOffsets {
        throw KafkaError(.unknownServerError)
    }
    /// Returns the new log start offset. `beforeOffset` -1: everything up to the high watermark.
    package func deleteRecords(_ partition: TopicPartition, beforeOffset: Int64, nowMs: Int64) throws(KafkaError)
        -> Int64
    { throw KafkaError(.unknownServerError) }
    package func describeProducers(_ partition: TopicPartition) throws(KafkaError) -> [ProducerDescription] { [] }
    /// Runs retention and compaction now instead of at the next interval.
    package func cleanLogs(nowMs: Int64) {}

    // MARK: producers and transactions; `requestVersion` decides between PRODUCER_FENCED and INVALID_PRODUCER_EPOCH

    /// `current` is what the producer has, to bump its epoch (KIP-360).
    package func initProducerID(
        transactionalID: String?, transactionTimeoutMs: Int32, current: ProducerIdentity = .none,
        requestVersion: Int16 = .max, nowMs: Int64
    ) throws(KafkaError) -> ProducerIdentity { throw KafkaError(.unknownServerError) }
    /// The outcome of each partition, in the order given.
    package func addPartitionsToTransaction(
        _ transactionalID: String, producer: ProducerIdentity, partitions: [TopicPartition],
        requestVersion: Int16 = .max, nowMs: Int64
    ) throws(KafkaError) -> [PartitionOutcome] { [] }
    package func addOffsetsToTransaction(
        _ transactionalID: String, producer: ProducerIdentity, groupID: String, requestVersion: Int16 = .max,
        nowMs: Int64
    ) throws(KafkaError) {}
    package func endTransaction(
        _ transactionalID: String, producer: ProducerIdentity, commit: Bool, requestVersion: Int16 = .max, nowMs: Int64
    ) throws(KafkaError) {}
    package func commitTransactionOffsets(
        _ transactionalID: String, producer: ProducerIdentity, member: GroupMembership, offsets: [OffsetToCommit],
        nowMs: Int64
    ) throws(KafkaError) -> [PartitionOutcome] { [] }
    package func describeTransaction(_ transactionalID: String) throws(KafkaError) -> TransactionDescription {
        throw KafkaError(.unknownServerError)
    }
    /// All transactional ids in order.
    package func listTransactions() -> [TransactionDescription] { [] }

    // MARK: groups

    package func joinGroup(_ request: JoinGroupRequest, nowMs: Int64) -> Deferred<JoinGroupAnswer> {
        .answered(JoinGroupAnswer())
    }
    package func syncGroup(_ request: SyncGroupRequest, nowMs: Int64) -> Deferred<SyncGroupAnswer> {
        .answered(SyncGroupAnswer())
    }
    package func takeCompleted() -> [CompletedGroupCall] { [] }
    package func heartbeat(_ member: GroupMembership, nowMs: Int64) throws(KafkaError) {}
    /// The outcome of each member, in the order given.
    package func leaveGroup(_ groupID: String, members: [LeavingMember], nowMs: Int64) throws(KafkaError)
        -> [KafkaErrorCode]
    { [] }
    package func commitOffsets(_ member: GroupMembership, offsets: [OffsetToCommit], nowMs: Int64) -> [PartitionOutcome]
    { [] }
    /// `partitions` nil: all that have a committed offset.
    package func fetchOffsets(groupID: String, partitions: [TopicPartition]?, requireStable: Bool = false)
        -> [FetchedOffset]
    { [] }
    package func deleteOffsets(groupID: String, partitions: [TopicPartition], nowMs: Int64) throws(KafkaError)
        -> [PartitionOutcome]
    { [] }
    package func describeGroup(_ groupID: String) -> GroupDescription {
        GroupDescription(groupID: groupID, state: .dead, protocolType: "", protocolName: "", members: [])
    }
    /// All groups by id.
    package func listGroups() -> [GroupListing] { [] }
    package func deleteGroup(_ groupID: String, nowMs: Int64) throws(KafkaError) {}

    // MARK: time and persistence

    package func tick(nowMs: Int64) {}
    package var nextDeadlineMs: Int64? { nil }
    /// Changes since the last call; one call's changes are one unit.
    package func takeChanges() -> [ClusterChange] { [] }
    /// Changes that rebuild the durable state from nothing: to start a new journal with.
    package func snapshot() -> [ClusterChange] { [] }
    /// The state after these changes. Group members keep their sessions, counted anew from `nowMs`; deferred answers
    /// and rebalances under way are forgotten, as when a Kafka broker restarts.
    package convenience init(
        configuration: ClusterConfiguration, replaying changes: some Sequence<ClusterChange>, nowMs: Int64
    ) { self.init(configuration: configuration, nowMs: nowMs) }
}

/// A durable change.
package struct ClusterChange: Hashable, Sendable {
    package func encode(into bytes: inout [UInt8]) {}
    package static func decode(_ bytes: [UInt8]) throws -> [ClusterChange] { [] }
}
