extension Cluster {
    /// Appends one record batch, format v2, to a partition.
    ///
    /// The batch is kept unchanged, except that its offset, and the time if the topic has append times, are written into it. A
    /// repetition of one of an idempotent producer's last five batches gets the first one's answer.
    /// - Throws: what Kafka answers: UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUIRED_ACKS, NOT_ENOUGH_REPLICAS,
    ///   INVALID_RECORD, CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, INVALID_TIMESTAMP, INVALID_PRODUCER_EPOCH,
    ///   OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE, INVALID_PRODUCER_ID_MAPPING, KAFKA_STORAGE_ERROR.
    package func produce(
        _ records: consuming [UInt8], to partition: TopicPartition, transactionalID: String? = nil, acks: Int16 = -1,
        nowMs: Int64
    ) throws(KafkaError) -> ProduceAnswer {
        guard acks >= -1, acks <= 1 else { throw KafkaError(.invalidRequiredAcks) }
        let log = try log(partition)
        guard let topic = topics[partition.topic], !Topic.isInternal(partition.topic) else {
            throw KafkaError(.invalidTopicException)
        }
        let settings = topic.configuration
        if acks == -1, settings.minInsyncReplicas > 1 { throw KafkaError(.notEnoughReplicas) }
        var batch = try Self.parse(records, settings)
        try verifyTransaction(batch.header, in: log, transactionalID: transactionalID)
        if let original = try log.check(batch.header) {
            return ProduceAnswer(
                baseOffset: original.baseOffset, logAppendTimeMs: original.timestampMs,
                logStartOffset: log.logStartOffset)
        }
        try checkContents(batch, of: partition, settings, nowMs: nowMs)
        batch.place(at: log.nextOffset, leaderEpoch: 0)
        if settings.usesLogAppendTime { batch.stamp(appendTimeMs: nowMs) }
        append(batch, at: try write(batch, to: log), of: log, nowMs: nowMs)
        return ProduceAnswer(
            baseOffset: batch.baseOffset, logAppendTimeMs: settings.usesLogAppendTime ? nowMs : -1,
            logStartOffset: log.logStartOffset)
    }

    /// Checks what `ProduceRequest`, `UnifiedLog` and `LogValidator` demand of a single batch.
    private static func parse(_ records: consuming [UInt8], _ settings: TopicConfiguration)
        throws(KafkaError) -> RecordBatch
    {
        let batch: RecordBatch
        do {
            batch = try RecordBatch(records)
        } catch .unsupportedMagic {
            throw KafkaError(.invalidRecord, "Produce requests must contain record batches with magic version 2")
        } catch .wrongLength {
            throw KafkaError(.invalidRecord, "Produce requests must contain exactly one record batch per partition")
        } catch {
            throw KafkaError(.corruptMessage)
        }
        let header = batch.header
        guard header.baseOffset == 0 else {
            throw KafkaError(.invalidRecord, "The baseOffset of the record batch should be 0")
        }
        guard batch.bytes.count <= Int(settings.maxMessageBytes) else { throw KafkaError(.messageTooLarge) }
        guard batch.hasValidChecksum else { throw KafkaError(.corruptMessage) }
        guard header.attributes.compression != nil else { throw KafkaError(.unsupportedCompressionType) }
        guard header.recordCount > 0, header.lastOffsetDelta == header.recordCount - 1 else {
            throw KafkaError(.invalidRecord, "The record batch's count does not match its last offset delta")
        }
        guard !header.attributes.isControl else {
            throw KafkaError(.invalidRecord, "Clients are not allowed to write control records")
        }
        let isIdempotent = header.producer.producerID >= 0
        guard !isIdempotent || (header.baseSequence >= 0 && header.producer.epoch >= 0) else {
            throw KafkaError(.invalidRecord, "Invalid sequence number \(header.baseSequence) in record batch")
        }
        guard isIdempotent || !header.attributes.isTransactional else {
            throw KafkaError(.invalidRecord, "A transactional record batch needs a producer id")
        }
        return batch
    }

    private func checkContents(
        _ batch: RecordBatch, of partition: TopicPartition, _ settings: TopicConfiguration, nowMs: Int64
    ) throws(KafkaError) {
        if !settings.usesLogAppendTime, batch.header.maxTimestampMs >= 0 {
            let ahead = batch.header.maxTimestampMs.subtractingReportingOverflow(nowMs)
            let behind = nowMs.subtractingReportingOverflow(batch.header.baseTimestampMs)
            guard !ahead.overflow, ahead.partialValue <= settings.timestampAfterMaxMs, !behind.overflow,
                behind.partialValue <= settings.timestampBeforeMaxMs
            else { throw KafkaError(.invalidTimestamp, "Timestamp of message is out of range") }
        }
        let check: RecordBatchReader.Check
        do {
            check = try RecordBatchReader.check(batch, codec: codec)
        } catch .tooLarge {
            throw KafkaError(.messageTooLarge, "The record batch unpacks to more than the broker takes")
        } catch {
            throw KafkaError(.corruptMessage, "The compressed records of the batch do not unpack")
        }
        guard check.isWellFormed else {
            throw KafkaError(.invalidRecord, "The record batch contains malformed records")
        }
        if settings.isCompacted, !check.hasKeys {
            throw KafkaError(
                .invalidRecord, "Compacted topic cannot accept message without key in topic partition \(partition).")
        }
    }
}
