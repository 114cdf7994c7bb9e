/// A partition's state of an idempotent producer.
///
/// Source: `org.apache.kafka.storage.internals.log.ProducerStateEntry`, `ProducerAppendInfo`.
struct ProducerState: Hashable, Sendable {
    /// One of the batches whose repetition is recognised.
    struct Batch: Hashable, Sendable {
        var firstSequence: Int32
        var lastSequence: Int32
        var baseOffset: Int64
        var timestampMs: Int64
    }

    /// Kafka remembers five, as many as an idempotent producer may have in flight.
    static let rememberedBatches = 5

    /// -1 for a producer that is not known yet.
    var epoch: Int16 = -1
    /// The last batches of this epoch, oldest first.
    var batches: [Batch] = []
    /// The start of its open transaction in the partition.
    var transactionStartOffset: Int64?
    /// The cluster's time of its last write.
    var lastWriteMs: Int64 = 0
    /// The largest timestamp of its last batch, or its last marker's; -1 if it has written nothing.
    var lastTimestampMs: Int64 = -1
    /// The coordinator's epoch in its last marker; -1 without one.
    var coordinatorEpoch: Int32 = -1

    /// The batch that these numbers repeat; nil if they repeat none.
    func duplicate(of header: RecordBatchHeader) -> Batch? {
        guard header.producer.epoch == epoch else { return nil }
        return batches.last { $0.firstSequence == header.baseSequence && $0.lastSequence == header.lastSequence }
    }

    /// Refuses a data batch that is fenced or out of order.
    func check(_ header: RecordBatchHeader, in partition: TopicPartition) throws(KafkaError) {
        let producer = header.producer
        guard producer.epoch >= epoch else {
            throw KafkaError(
                .invalidProducerEpoch,
                "Epoch of producer \(producer.producerID) in \(partition) is \(producer.epoch), which is smaller than "
                    + "the last seen epoch \(epoch)")
        }
        // A producer that the partition does not know, or has forgotten, may begin anywhere.
        guard epoch >= 0 else { return }
        let expected =
            producer.epoch > epoch ? 0 : batches.last.map { RecordBatchHeader.advance($0.lastSequence, by: 1) } ?? 0
        guard header.baseSequence == expected else {
            throw KafkaError(
                .outOfOrderSequenceNumber,
                "Out of order sequence number for producer \(producer.producerID) in \(partition): "
                    + "\(header.baseSequence) (incoming seq. number), \(expected) (expected)")
        }
        if transactionStartOffset != nil, !header.attributes.isTransactional {
            throw KafkaError(
                .invalidTxnState, "Expected transactional write from producer \(producer.producerID) in \(partition)")
        }
    }

    /// Notes an accepted data batch.
    mutating func append(_ header: RecordBatchHeader, nowMs: Int64) {
        advance(to: header.producer.epoch)
        if batches.count == Self.rememberedBatches { batches.removeFirst() }
        batches.append(
            Batch(
                firstSequence: header.baseSequence, lastSequence: header.lastSequence, baseOffset: header.baseOffset,
                timestampMs: header.attributes.hasLogAppendTime ? header.maxTimestampMs : -1))
        lastWriteMs = nowMs
        lastTimestampMs = header.maxTimestampMs
        if header.attributes.isTransactional, transactionStartOffset == nil {
            transactionStartOffset = header.baseOffset
        }
    }

    /// Notes a transaction's marker and returns the transaction's first offset, if it wrote here.
    mutating func end(_ marker: RecordBatchHeader, nowMs: Int64) -> Int64? {
        advance(to: marker.producer.epoch)
        lastWriteMs = nowMs
        lastTimestampMs = marker.maxTimestampMs
        coordinatorEpoch = ControlRecord.coordinatorEpoch
        defer { transactionStartOffset = nil }
        return transactionStartOffset
    }

    private mutating func advance(to newEpoch: Int16) {
        guard newEpoch != epoch else { return }
        epoch = newEpoch
        batches.removeAll(keepingCapacity: true)
    }
}
