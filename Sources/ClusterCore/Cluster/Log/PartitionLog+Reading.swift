extension PartitionLog {
    /// The end of what a reader may see.
    func end(for isolation: IsolationLevel) -> Int64 {
        isolation == .readCommitted ? lastStableOffset : nextOffset
    }

    /// Whole batches from the offset on, while they fit; with `atLeastOneBatch` the first one in any case.
    func fetch(from offset: Int64, maxBytes: Int, isolation: IsolationLevel, atLeastOneBatch: Bool)
        throws(KafkaError) -> FetchAnswer
    {
        guard offset >= logStartOffset, offset <= nextOffset else { throw KafkaError(.offsetOutOfRange) }
        let end = end(for: isolation)
        var answer = FetchAnswer(
            batches: [], abortedTransactions: [], highWatermark: nextOffset, lastStableOffset: lastStableOffset,
            logStartOffset: logStartOffset)
        guard offset < end else { return answer }
        let last: Int64?
        switch storage.read(from: offset, below: end, maxBytes: maxBytes, atLeastOneBatch: atLeastOneBatch) {
        case .batches(let batches):
            answer.batches = batches
            last = batches.last?.lastOffset
        case .stored(let stored, let lastOffset):
            answer.stored = stored
            last = lastOffset
        }
        if isolation == .readCommitted, let last {
            answer.abortedTransactions = abortedTransactions(from: offset, through: last)
        }
        return answer
    }

    /// The aborted transactions that overlap the offsets, by first offset.
    private func abortedTransactions(from offset: Int64, through last: Int64) -> [AbortedTransaction] {
        guard !abortedSpans.isEmpty else { return [] }
        // Spans are ordered by their last offset: a binary search finds the first that can overlap.
        var low = 0
        var high = abortedSpans.count
        while low < high {
            let middle = (low + high) / 2
            if abortedSpans[middle].lastOffset < offset { low = middle + 1 } else { high = middle }
        }
        var found: [AbortedTransaction] = []
        for span in abortedSpans[low...] where span.firstOffset <= last {
            found.append(AbortedTransaction(producerID: span.producerID, firstOffset: span.firstOffset))
        }
        found.sort { ($0.firstOffset, $0.producerID) < ($1.firstOffset, $1.producerID) }
        return found
    }

    /// The requested offset, limited to what the reader may see.
    /// - Throws: ``StorageFailure`` if a batch cannot be read.
    func list(_ spec: OffsetSpec, isolation: IsolationLevel, codec: (any RecordCodec)?)
        throws(StorageFailure) -> ListedOffset
    {
        switch spec {
        case .earliest: ListedOffset(offset: logStartOffset, timestampMs: -1, leaderEpoch: 0)
        case .latest: ListedOffset(offset: end(for: isolation), timestampMs: -1, leaderEpoch: 0)
        case .timestamp(let timeMs): try firstRecord(notBefore: timeMs, isolation, codec)
        case .maxTimestamp: try newestRecord(isolation, codec)
        }
    }

    private static let nothing = ListedOffset(offset: -1, timestampMs: -1, leaderEpoch: -1)

    private func firstRecord(
        notBefore timeMs: Int64, _ isolation: IsolationLevel, _ codec: (any RecordCodec)?
    ) throws(StorageFailure) -> ListedOffset {
        let end = end(for: isolation)
        var found = Self.nothing
        try storage.walk { run in
            if run.firstOffset >= end { return .stop }
            return run.greatestTimestampMs >= timeMs && run.lastOffset >= logStartOffset ? .enter : .skip
        } _: { batch in
            guard batch.baseOffset < end else { return false }
            guard batch.header.maxTimestampMs >= timeMs, batch.lastOffset >= logStartOffset else { return true }
            guard let records = try? RecordBatchReader.records(of: batch, codec: codec) else {
                // Compressed and no codec: the batch's first record is the best possible answer.
                let offset = max(batch.baseOffset, logStartOffset)
                found = ListedOffset(offset: offset, timestampMs: batch.header.maxTimestampMs, leaderEpoch: 0)
                return false
            }
            for record in records where record.timestampMs >= timeMs && record.offset >= logStartOffset {
                found = ListedOffset(offset: record.offset, timestampMs: record.timestampMs, leaderEpoch: 0)
                return false
            }
            return true
        }
        return found
    }

    private func newestRecord(
        _ isolation: IsolationLevel, _ codec: (any RecordCodec)?
    ) throws(StorageFailure) -> ListedOffset {
        let end = end(for: isolation)
        // The newest time first, then the first batch that has it, so that no irrelevant run is read.
        var time: Int64 = -1
        try storage.walk { run in
            if run.firstOffset >= end { return .stop }
            guard run.lastOffset < end, run.firstOffset >= logStartOffset else { return .enter }
            time = max(time, run.greatestTimestampMs)
            return .skip
        } _: { batch in
            guard batch.baseOffset < end else { return false }
            if batch.lastOffset >= logStartOffset { time = max(time, batch.header.maxTimestampMs) }
            return true
        }
        guard time >= 0 else { return Self.nothing }
        var newest: RecordBatch?
        try storage.walk { run in
            run.greatestTimestampMs >= time ? .enter : .skip
        } _: { batch in
            guard batch.baseOffset < end else { return false }
            guard batch.header.maxTimestampMs == time, batch.lastOffset >= logStartOffset else { return true }
            newest = batch
            return false
        }
        guard let newest else { return Self.nothing }
        let records = (try? RecordBatchReader.records(of: newest, codec: codec)) ?? []
        // The header's time may be that of a record which compaction has removed.
        guard let time = records.map(\.timestampMs).max(), let record = records.first(where: { $0.timestampMs == time })
        else {
            return ListedOffset(offset: newest.lastOffset, timestampMs: newest.header.maxTimestampMs, leaderEpoch: 0)
        }
        return ListedOffset(offset: record.offset, timestampMs: time, leaderEpoch: 0)
    }
}
