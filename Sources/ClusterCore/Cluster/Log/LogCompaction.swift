/// Compaction of one log: only the newest committed record of every key stays.
///
/// Differences from Kafka's cleaner (`LogCleaner.scala`), which result from the absence of segments:
/// - everything below the last stable offset and older than `min.compaction.lag.ms` is looked at, except the log's last batch,
///   which stays unchanged so that readers can reach the end;
/// - emptied batches vanish; producers' sequence numbers are remembered apart from the log;
/// - a batch of committed records that cannot be read (compressed, and no codec for it) is left untouched: its keys shadow
///   nothing, and later tombstones stay, because one of them may be what hides a record of it.
struct LogCompaction {
    let log: PartitionLog
    let configuration: TopicConfiguration
    let codec: (any RecordCodec)?
    let nowMs: Int64
    /// Aborted transactions by producer.
    private let abortedSpans: [Int64: [AbortedSpan]]

    init(log: PartitionLog, configuration: TopicConfiguration, codec: (any RecordCodec)?, nowMs: Int64) {
        self.log = log
        self.configuration = configuration
        self.codec = codec
        self.nowMs = nowMs
        abortedSpans = Dictionary(grouping: log.abortedSpans) { $0.producerID }
    }

    /// The time from which a tombstone that compaction meets for the first time may be deleted: never, with a
    /// retention that is practically endless.
    private var deleteHorizonMs: Int64 {
        nowMs.later(byMs: configuration.deleteRetentionMs)
    }

    /// The offset up to which the log may be compacted now.
    var end: Int64 {
        get throws(StorageFailure) {
            let stable = log.lastStableOffset
            var end = log.storage.lastBaseOffset.map { min(stable, $0) } ?? stable
            guard configuration.minCompactionLagMs > 0 else { return end }
            let limitMs = nowMs.earlier(byMs: configuration.minCompactionLagMs)
            try log.storage.walk { run in
                if run.firstOffset >= end { return .stop }
                return run.greatestTimestampMs > limitMs ? .enter : .skip
            } _: { batch in
                guard batch.baseOffset < end else { return false }
                guard batch.header.maxTimestampMs > limitMs else { return true }
                end = batch.baseOffset
                return false
            }
            return end
        }
    }

    /// Whether enough of the log up to the offset is dirty, or a tombstone's time has come.
    func isDue(to end: Int64) throws(StorageFailure) -> Bool {
        if log.deleteHorizons.contains(where: { $0.key < end && $0.value <= nowMs }) { return true }
        var cleanBytes = 0
        var dirtyBytes = 0
        try log.storage.walk { run in
            if run.firstOffset >= end { return .stop }
            if run.lastOffset < log.firstDirtyOffset {
                cleanBytes += run.sizeInBytes
            } else if run.firstOffset >= log.firstDirtyOffset, run.lastOffset < end {
                dirtyBytes += run.sizeInBytes
            } else {
                return .enter
            }
            return .skip
        } _: { batch in
            guard batch.baseOffset < end else { return false }
            if batch.lastOffset < log.firstDirtyOffset {
                cleanBytes += batch.bytes.count
            } else {
                dirtyBytes += batch.bytes.count
            }
            return true
        }
        guard dirtyBytes > 0 else { return false }
        return Double(dirtyBytes) >= configuration.minCleanableDirtyRatio * Double(cleanBytes + dirtyBytes)
    }

    /// Compacts the log up to the offset.
    /// - Throws: ``StorageFailure``; the log is unchanged then.
    func run(to end: Int64) throws(StorageFailure) {
        let newest = try newestRecords(to: end)
        var horizons: [Int64: Int64] = [:]
        // Producers that have data since their last marker: the next marker is still needed.
        var withData: Set<Int64> = []
        var spansNeeded: Set<AbortedSpan> = []
        try log.storage.rewrite(segmentSizeInBytes: log.segmentSizeInBytes) { batch in
            let header = batch.header
            var result: RecordBatch? = batch
            var horizon = log.deleteHorizons[batch.baseOffset]
            if batch.lastOffset < end {
                if !header.attributes.isControl {
                    result = compacted(batch, newest, &horizon)
                } else if !withData.contains(header.producer.producerID), !isExpiring(&horizon) {
                    result = nil
                }
            }
            guard let result else {
                if header.attributes.isControl { withData.remove(header.producer.producerID) }
                return nil
            }
            if header.attributes.isControl {
                withData.remove(header.producer.producerID)
            } else {
                if header.attributes.isTransactional { withData.insert(header.producer.producerID) }
                spansNeeded.formUnion(spans(over: result))
            }
            horizons[batch.baseOffset] = horizon
            return result
        }
        log.compacted(
            to: end, abortedSpans: log.abortedSpans.filter(spansNeeded.contains), deleteHorizons: horizons)
    }

    /// The aborted transactions that a batch may belong to. Readers need them as long as one of their records is left; after
    /// that they would hide later records.
    private func spans(over batch: RecordBatch) -> [AbortedSpan] {
        (abortedSpans[batch.header.producer.producerID] ?? []).filter {
            $0.firstOffset <= batch.lastOffset && batch.baseOffset < $0.lastOffset
        }
    }

    private func isAborted(_ header: RecordBatchHeader) -> Bool {
        guard header.attributes.isTransactional, let spans = abortedSpans[header.producer.producerID] else {
            return false
        }
        return spans.contains { $0.firstOffset <= header.baseOffset && header.baseOffset < $0.lastOffset }
    }

    /// The result of the first pass over the log.
    private struct NewestRecords {
        /// By key. The keys are copied: a slice would keep its whole batch in memory.
        var offsets: [[UInt8]: Int64] = [:]
        /// The offset of the first batch that cannot be read.
        var firstUnreadableOffset = Int64.max
    }

    private func newestRecords(to end: Int64) throws(StorageFailure) -> NewestRecords {
        var newest = NewestRecords()
        try log.storage.walk { run in
            run.firstOffset >= end ? .stop : .enter
        } _: { batch in
            guard batch.lastOffset < end else { return false }
            guard !batch.header.attributes.isControl, !isAborted(batch.header) else { return true }
            guard let records = try? RecordBatchReader.records(of: batch, codec: codec) else {
                newest.firstUnreadableOffset = min(newest.firstUnreadableOffset, batch.baseOffset)
                return true
            }
            for record in records {
                if let key = record.key { newest.offsets[Array(key)] = record.offset }
            }
            return true
        }
        return newest
    }

    /// The batch with the newest records of their keys only; nil if none is left.
    private func compacted(_ batch: RecordBatch, _ newest: NewestRecords, _ horizon: inout Int64?) -> RecordBatch? {
        if isAborted(batch.header) { return nil }
        guard let records = try? RecordBatchReader.records(of: batch, codec: codec) else { return batch }
        let dropsTombstones = (horizon ?? .max) <= nowMs && batch.lastOffset < newest.firstUnreadableOffset
        let retained = records.filter { record in
            guard let key = record.key, newest.offsets[Array(key)] == record.offset else { return false }
            return record.value != nil || !dropsTombstones
        }
        if retained.isEmpty { return nil }
        let hasTombstones = retained.contains { $0.value == nil }
        if horizon == nil, hasTombstones { horizon = deleteHorizonMs }
        guard retained.count < records.count else { return batch }
        if !hasTombstones { horizon = nil }
        return batch.retaining(retained, codec)
    }

    /// A marker whose transaction has no records left stays until readers that began before have passed it. Returns
    /// whether it stays.
    private func isExpiring(_ horizon: inout Int64?) -> Bool {
        if let horizon { return horizon > nowMs }
        horizon = deleteHorizonMs
        return true
    }
}

extension RecordBatch {
    /// The same batch with some of its records only; offsets, times, producer, sequence numbers and compression stay.
    fileprivate func retaining(_ records: [Record], _ codec: (any RecordCodec)?) -> RecordBatch {
        var writer = RecordBatchWriter(replacing: header)
        for record in records { writer.retain(record) }
        guard let plain = try? RecordBatch(writer.finish()) else { return self }
        guard let codec, let compression = header.attributes.compression else { return plain }
        return (try? plain.compressed(compression, by: codec)) ?? plain
    }
}
