extension Cluster {
    /// Whole batches from an offset on; those that are not in memory have yet to be loaded.
    ///
    /// `maxBytes` bounds the batches' sum; with `atLeastOneBatch` the first comes even if it is larger.
    /// - Throws: UNKNOWN_TOPIC_OR_PARTITION, OFFSET_OUT_OF_RANGE, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH.
    package func fetch(
        _ partition: TopicPartition, from offset: Int64, maxBytes: Int, isolation: IsolationLevel,
        atLeastOneBatch: Bool = true, currentLeaderEpoch: Int32 = -1
    ) throws(KafkaError) -> FetchAnswer {
        let log = try log(partition)
        try Self.check(leaderEpoch: currentLeaderEpoch)
        return try log.fetch(
            from: offset, maxBytes: maxBytes, isolation: isolation, atLeastOneBatch: atLeastOneBatch)
    }

    /// A number that changes whenever a fetch of the partition might return more than before; 0 for an unknown partition.
    package func version(of partition: TopicPartition) -> UInt64 {
        topics[partition.topic]?.log(partition.partition)?.version ?? 0
    }

    /// The offset ListOffsets asks for.
    /// - Throws: as ``fetch(_:from:maxBytes:isolation:atLeastOneBatch:currentLeaderEpoch:)``, and KAFKA_STORAGE_ERROR.
    package func listOffset(
        _ partition: TopicPartition, _ spec: OffsetSpec, isolation: IsolationLevel, currentLeaderEpoch: Int32 = -1
    ) throws(KafkaError) -> ListedOffset {
        let log = try log(partition)
        try Self.check(leaderEpoch: currentLeaderEpoch)
        do {
            return try log.list(spec, isolation: isolation, codec: codec)
        } catch {
            throw refusal(error)
        }
    }

    /// The largest leader epoch up to the given one and where it ends; -1, -1 if there is none. The only node's epoch is always
    /// 0.
    package func endOffset(_ partition: TopicPartition, ofLeaderEpoch epoch: Int32, currentLeaderEpoch: Int32 = -1)
        throws(KafkaError) -> (leaderEpoch: Int32, endOffset: Int64)
    {
        let log = try log(partition)
        try Self.check(leaderEpoch: currentLeaderEpoch)
        return epoch == 0 ? (0, log.nextOffset) : (-1, -1)
    }

    private static func check(leaderEpoch: Int32) throws(KafkaError) {
        guard leaderEpoch <= 0 else { throw KafkaError(.unknownLeaderEpoch) }
    }

    /// The start and end of a partition's log.
    /// - Throws: UNKNOWN_TOPIC_OR_PARTITION.
    package func offsets(of partition: TopicPartition) throws(KafkaError) -> PartitionOffsets {
        try log(partition).offsets
    }

    /// Returns the offset below which compaction may have removed records; 0 if there is no such partition.
    package func compactedEnd(of partition: TopicPartition) -> Int64 { (try? log(partition))?.firstDirtyOffset ?? 0 }

    /// Removes the records before an offset, -1 for all, and returns the new log start offset.
    /// - Throws: UNKNOWN_TOPIC_OR_PARTITION, OFFSET_OUT_OF_RANGE beyond the high watermark, POLICY_VIOLATION for a
    ///   topic whose cleanup policy does not delete.
    package func deleteRecords(_ partition: TopicPartition, beforeOffset: Int64, nowMs: Int64) throws(KafkaError)
        -> Int64
    {
        let log = try log(partition)
        guard !Topic.isInternal(partition.topic) else { throw KafkaError(.invalidTopicException) }
        guard topics[partition.topic]?.configuration.deletesOldRecords == true else {
            throw KafkaError(.policyViolation)
        }
        let offset = beforeOffset == -1 ? log.nextOffset : beforeOffset
        guard offset >= 0, offset <= log.nextOffset else { throw KafkaError(.offsetOutOfRange) }
        if offset > log.logStartOffset { perform(.logStartMoved(partition, offset: offset)) }
        return log.logStartOffset
    }

    /// The partition's state of its producers, by id.
    /// - Throws: INVALID_TOPIC_EXCEPTION, UNKNOWN_TOPIC_OR_PARTITION.
    package func describeProducers(_ partition: TopicPartition) throws(KafkaError) -> [ProducerDescription] {
        try Topic.check(name: partition.topic)
        guard topics[partition.topic] != nil else {
            throw KafkaError(.unknownTopicOrPartition, "This server does not host this topic-partition.")
        }
        return try log(partition).producers.sorted { $0.key < $1.key }.map { producerID, state in
            ProducerDescription(
                producer: ProducerIdentity(producerID: producerID, epoch: state.epoch),
                lastSequence: state.batches.last?.lastSequence ?? -1, lastTimestampMs: state.lastTimestampMs,
                coordinatorEpoch: state.coordinatorEpoch,
                currentTransactionStartOffset: state.transactionStartOffset ?? -1)
        }
    }
}
