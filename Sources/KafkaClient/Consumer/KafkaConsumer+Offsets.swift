import CRdkafka

extension KafkaConsumer {
    /// Commits offsets and waits for the broker's answer, at most about `session.timeout.ms`.
    /// - Throws: `.illegalGeneration` and similar codes during a rebalance, which are normal and not fatal.
    package func commit(_ offsets: [TopicPartition: CommittedOffset]) throws(KafkaError) {
        try checkOpen("commit")
        guard !offsets.isEmpty else { return }
        let list = PartitionList(offsets)
        try client.check(list.lend { rd_kafka_commit(client.pointer, $0, 0) }, "commit")
        try list.checkEach(client, "commit")
    }

    /// Returns the group's committed offsets; partitions without one are absent.
    ///
    /// With `isolation.level=read_committed` it waits for transactions that are about to commit offsets (KIP-447).
    package func committed(
        _ partitions: [TopicPartition], timeoutMs: Int32
    ) throws(KafkaError) -> [TopicPartition: CommittedOffset] {
        try checkOpen("committed")
        guard !partitions.isEmpty else { return [:] }
        let list = PartitionList(partitions)
        try client.check(list.lend { rd_kafka_committed(client.pointer, $0, timeoutMs) }, "committed offsets")
        try list.checkEach(client, "committed offset of")
        return list.values(\.committedOffset)
    }

    /// The offset after the last record polled, by partition; absent before the first.
    ///
    /// librdkafka 2.2.0 to 2.13.1 also moves it at the end of a partition and on errors: commit what was processed instead.
    package func position(_ partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
        try checkOpen("position")
        let list = PartitionList(partitions)
        try client.check(list.lend { rd_kafka_position(client.pointer, $0) }, "position")
        return list.values(\.absoluteOffset)
    }

    /// Asks the leader for the first and end offset.
    ///
    /// The end depends on `isolation.level` (librdkafka sends its setting with ListOffsets, in 2.0.2 as in newer ones):
    /// with `read_committed`, the default, it is the last stable offset, else the high watermark. See `endOffset`.
    package func queryWatermarks(_ partition: TopicPartition, timeoutMs: Int32) throws(KafkaError) -> Watermarks {
        try checkOpen("watermarks")
        return try client.queryWatermarks(partition, timeoutMs: timeoutMs)
    }

    /// The offsets seen in the last fetch, without a request; nil before there was one. `high` is the high watermark.
    package func cachedWatermarks(_ partition: TopicPartition) -> Watermarks? {
        var low: Int64 = 0
        var high: Int64 = 0
        let code = rd_kafka_get_watermark_offsets(client.pointer, partition.topic, partition.partition, &low, &high)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, high >= 0 else { return nil }
        return Watermarks(low: max(0, low), high: high)
    }

    /// The offset after the last record that a consumer of this isolation level can read. A restore has to reach it.
    ///
    /// A level other than the consumer's own is asked for through a second connection, opened at the first call.
    package func endOffset(
        _ partition: TopicPartition, isolation: IsolationLevel, timeoutMs: Int32
    ) throws(KafkaError) -> Int64 {
        try checkOpen("end offset")
        // librdkafka's default is read_committed.
        let configured = settings["isolation.level"] ?? IsolationLevel.readCommitted.rawValue
        if configured == isolation.rawValue { return try client.queryWatermarks(partition, timeoutMs: timeoutMs).high }
        if otherIsolation == nil {
            var others = settings
            others["isolation.level"] = isolation.rawValue
            others["group.instance.id"] = nil
            otherIsolation = try ClientHandle(.consumer, others, context: CallbackContext(log: client.log))
        }
        guard let otherIsolation else { return 0 }
        return try otherIsolation.queryWatermarks(partition, timeoutMs: timeoutMs).high
    }

    /// The first offset at or after a time in milliseconds since 1970; absent where there is none.
    package func offsetsForTimes(
        _ times: [TopicPartition: Int64], timeoutMs: Int32
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        try checkOpen("offsets for times")
        return try client.offsetsForTimes(times, timeoutMs: timeoutMs)
    }
}

extension ClientHandle {
    func queryWatermarks(_ partition: TopicPartition, timeoutMs: Int32) throws(KafkaError) -> Watermarks {
        var low: Int64 = 0
        var high: Int64 = 0
        let code = rd_kafka_query_watermark_offsets(
            pointer, partition.topic, partition.partition, &low, &high, timeoutMs)
        try check(code, "watermarks of \(partition)")
        return Watermarks(low: low, high: high)
    }

    func offsetsForTimes(
        _ times: [TopicPartition: Int64], timeoutMs: Int32
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        guard !times.isEmpty else { return [:] }
        let list = PartitionList(times)
        try check(list.lend { rd_kafka_offsets_for_times(pointer, $0, timeoutMs) }, "offsets for times")
        try list.checkEach(self, "offset for time of")
        return list.values(\.absoluteOffset)
    }
}
