/// Compaction of one log: of every key only the newest committed record stays.
///
/// Differences from Kafka's cleaner (`LogCleaner.scala`), which the absence of segments brings:
/// - everything below the last stable offset and older than `min.compaction.lag.ms` is looked at, except the log's last
///   batch, which stays as it is so that readers can reach the end;
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
        let horizon = nowMs.addingReportingOverflow(configuration.deleteRetentionMs)
        return horizon.overflow ? .max : horizon.partialValue
    }

    /// Up to where the log may be compacted now.
    var end: Int64 {
        let stable = log.lastStableOffset
        var end = log.batches.last.map { min(stable, $0.batch.baseOffset) } ?? stable
        guard configuration.minCompactionLagMs > 0 else { return end }
        for index in 0..<log.batches.count {
            let batch = log.batches[index].batch
            guard batch.baseOffset < end else { break }
            if batch.header.maxTimestampMs > nowMs - configuration.minCompactionLagMs {
                end = batch.baseOffset
                break
            }
        }
        return end
    }

    /// Whether enough of the log is dirty, or a tombstone's time has come.
    var isDue: Bool {
        let end = end
        guard end > log.logStartOffset else { return false }
        var cleanBytes = 0
        var dirtyBytes = 0
        for index in 0..<log.batches.count {
            let stored = log.batches[index]
            guard stored.batch.baseOffset < end else { break }
            if let horizon = stored.deleteHorizonMs, horizon <= nowMs { return true }
            if stored.batch.lastOffset < log.firstDirtyOffset {
                cleanBytes += stored.batch.bytes.count
            } else {
                dirtyBytes += stored.batch.bytes.count
            }
        }
        guard dirtyBytes > 0 else { return false }
        return Double(dirtyBytes) >= configuration.minCleanableDirtyRatio * Double(cleanBytes + dirtyBytes)
    }

    /// Compacts the log up to the offset.
    func run(to end: Int64) {
        let newest = newestRecords(to: end)
        var kept: [StoredBatch] = []
        kept.reserveCapacity(log.batches.count)
        // Producers that have data since their last marker: the next marker is still needed.
        var withData: Set<Int64> = []
        for index in 0..<log.batches.count {
            let stored = log.batches[index]
            let header = stored.batch.header
            var result: StoredBatch? = stored
            if stored.batch.lastOffset < end {
                if header.attributes.isControl {
                    result = withData.contains(header.producer.producerID) ? stored : expiring(stored)
                } else {
                    result = compacted(stored, newest)
                }
            }
            if header.attributes.isControl {
                withData.remove(header.producer.producerID)
            } else if header.attributes.isTransactional, result != nil {
                withData.insert(header.producer.producerID)
            }
            if let result { kept.append(result) }
        }
        log.replace(batches: kept, abortedSpans: spansStillNeeded(kept), cleanedTo: end)
    }

    /// An aborted span matters to readers as long as a record of it is left; after that it would hide later records.
    private func spansStillNeeded(_ kept: [StoredBatch]) -> [AbortedSpan] {
        let kept = BatchSequence(kept)
        return log.abortedSpans.filter { span in
            var index = kept.index(reaching: span.firstOffset)
            while index < kept.count, kept[index].batch.baseOffset < span.lastOffset {
                let header = kept[index].batch.header
                if header.producer.producerID == span.producerID, !header.attributes.isControl { return true }
                index += 1
            }
            return false
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
        var offsets: [ArraySlice<UInt8>: Int64] = [:]
        /// The offset of the first batch that cannot be read.
        var firstUnreadableOffset = Int64.max
    }

    private func newestRecords(to end: Int64) -> NewestRecords {
        var newest = NewestRecords()
        for index in 0..<log.batches.count {
            let batch = log.batches[index].batch
            guard batch.lastOffset < end else { break }
            guard !batch.header.attributes.isControl, !isAborted(batch.header) else { continue }
            guard let records = try? RecordBatchReader.records(of: batch, codec: codec) else {
                newest.firstUnreadableOffset = min(newest.firstUnreadableOffset, batch.baseOffset)
                continue
            }
            let isPacked = batch.header.attributes.compression != CompressionCodec.none
            for record in records {
                guard let key = record.key else { continue }
                // A slice keeps all of the unpacked batch in memory.
                newest.offsets[isPacked ? Array(key)[...] : key] = record.offset
            }
        }
        return newest
    }

    /// The batch with the newest records of their keys only; nil if none is left.
    private func compacted(_ stored: StoredBatch, _ newest: NewestRecords) -> StoredBatch? {
        if isAborted(stored.batch.header) { return nil }
        guard let records = try? RecordBatchReader.records(of: stored.batch, codec: codec) else {
            return stored
        }
        var result = stored
        let dropsTombstones =
            (stored.deleteHorizonMs ?? .max) <= nowMs && stored.batch.lastOffset < newest.firstUnreadableOffset
        let retained = records.filter { record in
            guard let key = record.key, newest.offsets[key] == record.offset else { return false }
            return record.value != nil || !dropsTombstones
        }
        if retained.isEmpty { return nil }
        if result.deleteHorizonMs == nil, retained.contains(where: { $0.value == nil }) {
            result.deleteHorizonMs = deleteHorizonMs
        }
        if retained.count < records.count {
            result.batch = stored.batch.retaining(retained, codec)
            if !retained.contains(where: { $0.value == nil }) { result.deleteHorizonMs = nil }
        }
        return result
    }

    /// A marker whose transaction has no records left stays until readers that began before have passed it.
    private func expiring(_ stored: StoredBatch) -> StoredBatch? {
        guard let horizon = stored.deleteHorizonMs else {
            return StoredBatch(batch: stored.batch, deleteHorizonMs: deleteHorizonMs)
        }
        return horizon <= nowMs ? nil : stored
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
