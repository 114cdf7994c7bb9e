import Millrace

extension StreamTask {
    /// Returns the timestamp of the first waiting record of the partition at this index of ``partitions``; without one, the highest
    /// timestamp processed. `nil` if neither is known.
    func oldestTimestampMs(ofPartitionAt place: Int) -> Int64? {
        let queue = orderedQueues[place]
        let timestampMs = queue.firstTimestampMs ?? queue.partitionTimeMs
        return timestampMs < 0 ? nil : timestampMs
    }

    /// Returns the next offset to process of the partition at this index of ``partitions``; `nil` if nothing was processed or
    /// committed.
    func position(ofPartitionAt place: Int) -> Int64? {
        orderedQueues[place].nextOffset ?? orderedQueues[place].committedOffset
    }
}

extension InputQueue {
    /// The broker's timestamp of the first waiting record; `nil` if none waits.
    fileprivate var firstTimestampMs: Int64? { firstRecord?.timestampMs }
}

/// The ages of a task's records when they have been processed, and how late they are by the stream's own time.
///
/// The clock is read after the first record of a batch and after every 32nd one from there: a record counts as old as it was at the
/// last look.
struct RecordAges {
    private static let recordsPerLook = 32

    private(set) var endToEnd = LatencyHistogram()
    private(set) var lateness = LatencyHistogram()
    private var isMeasured = false
    private var recordsUntilLook = 0
    private var nowMs: Int64 = 0

    mutating func beginBatch(isMeasured: Bool) {
        self.isMeasured = isMeasured
        recordsUntilLook = 0
    }

    @inline(__always)
    mutating func add(timestampMs: Int64, streamTimeMs: Int64, clock: () -> Int64) {
        if isMeasured { measure(timestampMs, streamTimeMs, clock) }
    }

    private mutating func measure(_ timestampMs: Int64, _ streamTimeMs: Int64, _ clock: () -> Int64) {
        if recordsUntilLook == 0 {
            nowMs = clock()
            recordsUntilLook = Self.recordsPerLook
        }
        recordsUntilLook -= 1
        endToEnd.add(ms: (Moment(ms: nowMs) - Moment(ms: timestampMs)).ms)
        lateness.add(ms: (Moment(ms: streamTimeMs) - Moment(ms: timestampMs)).ms)
    }
}
