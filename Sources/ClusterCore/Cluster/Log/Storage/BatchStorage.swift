/// The storage of the bytes of a cluster's batches: memory (``MemoryStorage``), or a server's custom storage, such as files.
///
/// The cluster's state is what it derives from the batches: offsets, producers, transactions. A batch is written first
/// (``LogStorage/write(_:segmentSizeInBytes:)``), which may fail and then has no effect; only then does it become part of the log
/// (``LogStorage/append(_:at:)``) and change the state.
package protocol BatchStorage: AnyObject {
    /// An empty log.
    func makeLog() -> any LogStorage

    /// The batch that a journal refers to.
    /// - Throws: ``StorageFailure`` if it cannot be read, or is not the batch that was written, byte by byte.
    func load(_ reference: BatchReference) throws(StorageFailure) -> RecordBatch
}

/// The batches of one partition, in offset order.
package protocol LogStorage: AnyObject {
    /// The size of the log's batches.
    var sizeInBytes: Int { get }
    /// The offset of the log's last batch; nil without one.
    var lastBaseOffset: Int64? { get }

    /// Writes a batch after the log's last one. It becomes part of the log with ``append(_:at:)``; otherwise the next write
    /// replaces it.
    ///
    /// - Parameter segmentSizeInBytes: the size at which a new segment is begun; nil leaves that to the storage.
    /// - Returns: its location; nil if the storage does not outlive the process.
    /// - Throws: ``StorageFailure``, such as for a full disk. Nothing has changed then.
    func write(_ batch: RecordBatch, segmentSizeInBytes: Int?) throws(StorageFailure) -> BatchReference?

    /// Adds the batch at the reference's location to the log.
    func append(_ batch: RecordBatch, at reference: BatchReference?)

    /// Finds whole batches below an offset, beginning with the one that contains `offset`: as many as fit, with
    /// `atLeastOneBatch` at least the first.
    func read(from offset: Int64, below end: Int64, maxBytes: Int, atLeastOneBatch: Bool) -> LogRead

    /// Walks over the batches in offset order.
    ///
    /// - Parameters:
    ///   - enter: decides about a run of batches as a whole, if the storage has a summary of them.
    ///   - batch: takes one batch of a run that was entered, and returns whether the walk continues.
    /// - Throws: ``StorageFailure`` if a batch cannot be read.
    func walk(_ enter: (BatchRun) -> BatchRun.Decision, _ batch: (RecordBatch) -> Bool) throws(StorageFailure)

    /// Removes the batches that end before the offset.
    func removeBatches(endingBefore offset: Int64)

    /// Removes everything permanently.
    func removeAll()

    /// Replaces every batch with what `keeping` leaves of it.
    ///
    /// - Throws: ``StorageFailure``; the log is unchanged then.
    func rewrite(segmentSizeInBytes: Int?, _ keeping: (RecordBatch) -> RecordBatch?) throws(StorageFailure)

    /// All batches for a snapshot: the batches themselves, or their locations.
    var content: LogContent { get }

    /// Takes over the batches of a snapshot.
    /// - Throws: ``StorageFailure`` if they are not where the snapshot says.
    func restore(_ content: LogContent) throws(StorageFailure)
}

/// A failure of a storage to read or write.
package struct StorageFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// A text that says what failed, where, and why.
    package let description: String
    /// Whether bytes are missing or differ from those written, as after a power failure.
    package let isDamage: Bool

    package init(_ description: String, isDamage: Bool = false) {
        self.description = description
        self.isDamage = isDamage
    }
}

/// A batch in a storage that outlives the process.
package struct BatchReference: Hashable, Sendable {
    /// The segment's number; no two segments of a storage ever have the same.
    package var segment: UInt64
    /// The first byte in it.
    package var position: Int
    package var sizeInBytes: Int
    package var baseOffset: Int64
    /// The batch's own checksum.
    package var checksum: UInt32

    package init(_ batch: RecordBatch, segment: UInt64, position: Int) {
        self.segment = segment
        self.position = position
        sizeInBytes = batch.bytes.count
        baseOffset = batch.baseOffset
        checksum = batch.header.checksum
    }
}

/// The result of a read.
package enum LogRead {
    /// In memory.
    case batches([RecordBatch])
    /// Still to be read, on a thread that may block; no batch goes beyond the offset.
    case stored(any StoredBatches, lastOffset: Int64)
}

/// Batches that have to be read from their location.
package protocol StoredBatches: Sendable {
    /// Reads them; on any thread.
    /// - Throws: ``StorageFailure`` if they cannot be read, such as because they were removed meanwhile.
    func read() throws(StorageFailure) -> [RecordBatch]
}

/// The summary of consecutive batches of a log.
package struct BatchRun: Hashable, Sendable {
    package enum Decision: Sendable {
        /// Look at each batch.
        case enter
        /// Continue after them.
        case skip
        /// The walk ends here.
        case stop
    }

    package var firstOffset: Int64
    package var lastOffset: Int64
    package var sizeInBytes: Int
    /// Of the batches' largest timestamps.
    package var leastTimestampMs: Int64
    package var greatestTimestampMs: Int64
}

/// The batches of a log as a value.
package enum LogContent: Hashable, Sendable {
    case batches([RecordBatch])
    case segments([LogSegment])
}
