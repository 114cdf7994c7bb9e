/// The answer to an accepted batch.
package struct ProduceAnswer: Hashable, Sendable {
    /// The first record's offset; for a duplicate the offset it got the first time.
    package var baseOffset: Int64
    /// The broker's time where the topic keeps append times, -1 otherwise.
    package var logAppendTimeMs: Int64
    package var logStartOffset: Int64
}

/// An aborted transaction that a read_committed reader skips.
package struct AbortedTransaction: Hashable, Sendable {
    package var producerID: Int64
    /// The transaction's first offset in the partition.
    package var firstOffset: Int64
}

/// The result of a fetch of one partition.
package struct FetchAnswer: Sendable {
    /// Whole batches as they are stored, in offset order; the first may begin before the offset asked for.
    package var batches: [RecordBatch]
    /// The batches to read in place of `batches`, because they are not in memory; ``loaded()`` reads them.
    package var stored: (any StoredBatches)?
    /// By first offset; empty for read_uncommitted.
    package var abortedTransactions: [AbortedTransaction]
    package var highWatermark: Int64
    package var lastStableOffset: Int64
    package var logStartOffset: Int64

    /// The size of all batches.
    package var sizeInBytes: Int { batches.reduce(0) { $0 + $1.bytes.count } }

    /// The answer with all batches in it. May block, and be called on any thread.
    /// - Throws: ``StorageFailure`` if they cannot be read, such as because they were removed meanwhile.
    package consuming func loaded() throws(StorageFailure) -> FetchAnswer {
        guard let stored else { return self }
        let batches = try stored.read()
        self.stored = nil
        self.batches = batches
        let last = batches.last?.lastOffset ?? -1
        abortedTransactions.removeAll { $0.firstOffset > last }
        return self
    }
}

/// The offset that ListOffsets asks for.
package enum OffsetSpec: Hashable, Sendable {
    /// -2 on the wire, and -4, the earliest local one.
    case earliest
    /// -1 on the wire: the high watermark, or the last stable offset for read_committed.
    case latest
    /// -3 on the wire: the record with the largest timestamp (KIP-734).
    case maxTimestamp
    /// The first record with this time or later.
    case timestamp(Int64)
}

/// The offset ListOffsets found.
package struct ListedOffset: Hashable, Sendable {
    /// -1 if there is none.
    package var offset: Int64
    /// The record's time; -1 for the earliest and latest offset, and if there is none.
    package var timestampMs: Int64
    package var leaderEpoch: Int32
}

/// The start and end of a partition's log.
package struct PartitionOffsets: Hashable, Sendable {
    package var logStartOffset: Int64
    package var lastStableOffset: Int64
    package var highWatermark: Int64
}

/// A partition's state of a producer, as DescribeProducers returns it.
package struct ProducerDescription: Hashable, Sendable {
    package var producer: ProducerIdentity
    /// -1 if it has written nothing in this epoch.
    package var lastSequence: Int32
    /// The largest timestamp of its last batch, or its last marker's.
    package var lastTimestampMs: Int64
    /// The coordinator's epoch in its last marker; -1 without one.
    package var coordinatorEpoch: Int32
    /// The first offset of its open transaction; -1 if it has none.
    package var currentTransactionStartOffset: Int64
}
