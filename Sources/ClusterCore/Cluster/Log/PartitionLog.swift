/// The log of one partition: the state of its batches, producers and transactions. The batches' bytes are in its
/// ``LogStorage``.
///
/// There is one replica, so the high watermark is the log's end. Everything in here is durable state: the same appends
/// in the same order give the same log. Checks come before (``check(_:)``), so that replaying needs none.
final class PartitionLog {
    let partition: TopicPartition
    let storage: any LogStorage
    /// The size at which a new segment is begun; nil leaves that to the storage. Set by the topic.
    var segmentSizeInBytes: Int?
    private(set) var logStartOffset: Int64 = 0
    /// The offset of the next record, and the high watermark.
    private(set) var nextOffset: Int64 = 0
    private(set) var producers: [Int64: ProducerState] = [:]
    /// Open transactions by first offset.
    private(set) var openTransactions: [(firstOffset: Int64, producerID: Int64)] = []
    /// Aborted transactions in the order they ended.
    private(set) var abortedSpans: [AbortedSpan] = []
    /// The offset up to which the log is compacted.
    private(set) var firstDirtyOffset: Int64 = 0
    /// The time from which compaction may drop the tombstones or the obsolete marker of a batch, by the batch's first offset:
    /// Kafka's delete horizon (KIP-534), set when compaction first meets them.
    private(set) var deleteHorizons: [Int64: Int64] = [:]

    /// The number of changes that make a fetch return something else; not durable.
    private(set) var version: UInt64 = 1
    /// Whether the cluster has yet to report the last version.
    var isAnnounced = true

    init(_ partition: TopicPartition, storage: any LogStorage) {
        self.partition = partition
        self.storage = storage
    }

    /// The end for read_committed readers: the first offset of the oldest open transaction.
    var lastStableOffset: Int64 {
        max(openTransactions.first?.firstOffset ?? nextOffset, logStartOffset)
    }

    var offsets: PartitionOffsets {
        PartitionOffsets(
            logStartOffset: logStartOffset, lastStableOffset: lastStableOffset, highWatermark: nextOffset)
    }

    /// Refuses a batch of an idempotent producer that is fenced, out of order, or a repetition that is too old to recognise.
    /// Returns the original of a recognised repetition.
    func check(_ header: RecordBatchHeader) throws(KafkaError) -> ProducerState.Batch? {
        guard header.producer.producerID >= 0, let state = producers[header.producer.producerID] else { return nil }
        if let duplicate = state.duplicate(of: header) { return duplicate }
        try state.check(header, in: partition)
        return nil
    }

    /// Whether the producer has an open transaction here, under this epoch.
    func hasOpenTransaction(of producer: ProducerIdentity) -> Bool {
        guard let state = producers[producer.producerID] else { return false }
        return state.epoch == producer.epoch && state.transactionStartOffset != nil
    }

    /// Writes a batch that has its offset already, as ``RecordBatch/place(at:leaderEpoch:)`` gives it; the log is unchanged
    /// until ``append(_:at:nowMs:)``.
    func write(_ batch: RecordBatch) throws(StorageFailure) -> BatchReference? {
        try storage.write(batch, segmentSizeInBytes: segmentSizeInBytes)
    }

    /// Appends a batch that is written.
    func append(_ batch: RecordBatch, at reference: BatchReference?, nowMs: Int64) {
        storage.append(batch, at: reference)
        nextOffset = batch.lastOffset + 1
        version += 1
        let producer = batch.header.producer
        guard producer.producerID >= 0 else { return }
        if batch.header.attributes.isControl {
            end(batch, producer, nowMs: nowMs)
        } else {
            let wasOpen = producers[producer.producerID]?.transactionStartOffset != nil
            producers[producer.producerID, default: ProducerState()].append(batch.header, nowMs: nowMs)
            if batch.header.attributes.isTransactional, !wasOpen {
                openTransactions.append((batch.baseOffset, producer.producerID))
            }
        }
    }

    private func end(_ marker: RecordBatch, _ producer: ProducerIdentity, nowMs: Int64) {
        let start = producers[producer.producerID, default: ProducerState()].end(marker.header, nowMs: nowMs)
        guard let start else { return }
        openTransactions.removeAll { $0.producerID == producer.producerID }
        guard ControlRecord(in: marker) == .abort else { return }
        abortedSpans.append(
            AbortedSpan(producerID: producer.producerID, firstOffset: start, lastOffset: marker.baseOffset))
    }

    /// Moves the log's start forward and removes the batches that end before it.
    func moveStart(to offset: Int64) {
        guard offset > logStartOffset else { return }
        logStartOffset = min(offset, nextOffset)
        firstDirtyOffset = max(firstDirtyOffset, logStartOffset)
        storage.removeBatches(endingBefore: logStartOffset)
        abortedSpans.removeAll { $0.lastOffset < logStartOffset }
        version += 1
    }

    /// Forgets producers that wrote nothing since the time given and have no open transaction.
    func forgetProducers(silentSinceMs limitMs: Int64) {
        producers = producers.filter { $0.value.transactionStartOffset != nil || $0.value.lastWriteMs > limitMs }
    }

    /// Whether any producer would be forgotten.
    func hasProducers(silentSinceMs limitMs: Int64) -> Bool {
        producers.contains { $0.value.transactionStartOffset == nil && $0.value.lastWriteMs <= limitMs }
    }

    /// Notes a compaction that has replaced the batches.
    func compacted(to offset: Int64, abortedSpans spans: [AbortedSpan], deleteHorizons horizons: [Int64: Int64]) {
        abortedSpans = spans
        deleteHorizons = horizons
        firstDirtyOffset = max(firstDirtyOffset, offset)
        version += 1
    }

    /// Everything durable, for a snapshot.
    var image: LogImage {
        LogImage(
            logStartOffset: logStartOffset, nextOffset: nextOffset, firstDirtyOffset: firstDirtyOffset,
            content: storage.content, deleteHorizons: deleteHorizons, abortedSpans: abortedSpans,
            producers: producers.sorted { $0.key < $1.key }.map { .init(producerID: $0.key, state: $0.value) })
    }

    /// Restores everything durable from a snapshot.
    /// - Throws: ``StorageFailure`` if the batches are not where the snapshot says; the log is unchanged then.
    func restore(_ image: LogImage) throws(StorageFailure) {
        try storage.restore(image.content)
        storage.removeBatches(endingBefore: image.logStartOffset)
        deleteHorizons = image.deleteHorizons
        logStartOffset = image.logStartOffset
        nextOffset = image.nextOffset
        firstDirtyOffset = image.firstDirtyOffset
        abortedSpans = image.abortedSpans
        producers = [:]
        openTransactions = []
        for entry in image.producers {
            producers[entry.producerID] = entry.state
            if let start = entry.state.transactionStartOffset { openTransactions.append((start, entry.producerID)) }
        }
        openTransactions.sort { $0.firstOffset < $1.firstOffset }
        version += 1
    }
}

/// The durable state of a partition's log as a value.
package struct LogImage: Hashable, Sendable {
    struct Producer: Hashable, Sendable {
        var producerID: Int64
        var state: ProducerState
    }

    var logStartOffset: Int64
    var nextOffset: Int64
    var firstDirtyOffset: Int64
    var content: LogContent
    /// By the batch's first offset.
    var deleteHorizons: [Int64: Int64]
    var abortedSpans: [AbortedSpan]
    var producers: [Producer]
}
