import ClusterCore
import DequeModule

/// Keeps the batches of all partitions in segment files, and the newest ones in memory, too.
///
/// The journal says which bytes of the files count. Later bytes were written for batches that were never acknowledged, and are
/// overwritten. A file that is no longer needed is removed when the next snapshot is whole; until then, a replay of the journal
/// may still need it.
///
/// Belongs to the broker's event loop; the files themselves may be read on any thread.
final class SegmentStorage: BatchStorage {
    let files: SegmentFiles
    private let directory: DataDirectory
    let reserve: DiskReserve
    private let segmentSizeInBytes: Int
    private let cacheSizeInBytes: Int
    private var nextNumber: UInt64
    private var live: Set<UInt64> = []
    private var unneeded: [UInt64] = []
    private var unflushed: Set<UInt64> = []
    /// The segments that the snapshot in progress flushes and removes.
    private var underWay: (unflushed: Set<UInt64>, unneeded: [UInt64]) = ([], [])
    /// The batches in memory, the oldest first.
    private var cached = Deque<(log: SegmentLog, lastOffset: Int64, sizeInBytes: Int)>()
    private var cachedSizeInBytes = 0
    private var isReplaying = true
    /// Whether the journal had batches in it, as those of earlier versions do.
    private(set) var hasTakenOver = false
    /// The size of the writes since the last snapshot began.
    private(set) var writtenSizeInBytes = 0

    /// - Parameters:
    ///   - segmentSizeInBytes: the segment size of topics without `segment.bytes`.
    ///   - cacheSizeInBytes: the size of the newest batches that stay in memory.
    init(_ directory: DataDirectory, segmentSizeInBytes: Int, cacheSizeInBytes: Int) throws(JournalFailure) {
        self.directory = directory
        self.segmentSizeInBytes = segmentSizeInBytes
        self.cacheSizeInBytes = cacheSizeInBytes
        files = SegmentFiles(directory)
        reserve = DiskReserve(directory)
        nextNumber = (try directory.segmentNumbers().max() ?? 0) + 1
    }

    func makeLog() -> any LogStorage { SegmentLog(self) }

    func load(_ reference: BatchReference) throws(StorageFailure) -> RecordBatch {
        let bytes = reference.position..<(reference.position + reference.sizeInBytes)
        let damage = StorageFailure(
            "\(directory.segment(reference.segment)) is damaged at byte \(reference.position)", isDamage: true)
        guard try files.sizeInBytes(reference.segment) >= bytes.upperBound else { throw damage }
        let found = try files.read(reference.segment, bytes)
        guard let batch = try? RecordBatch(found), batch.baseOffset == reference.baseOffset,
            batch.header.checksum == reference.checksum, batch.hasValidChecksum
        else { throw damage }
        return batch
    }

    /// Whether there are files to remove with the next snapshot.
    var hasUnneeded: Bool { !unneeded.isEmpty }

    /// Ends the replay of all changes: removes the files that none of them mentioned.
    func finishReplay() throws(JournalFailure) {
        isReplaying = false
        let needed = live.union(unneeded)
        files.remove(try directory.segmentNumbers().filter { !needed.contains($0) })
    }

    /// Begins a snapshot.
    ///
    /// - Returns: the segments to flush before it counts, and those to remove afterwards.
    func beginSnapshot() -> (unflushed: Set<UInt64>, unneeded: [UInt64]) {
        underWay = (unflushed, unneeded)
        unflushed = []
        unneeded = []
        writtenSizeInBytes = 0
        return underWay
    }

    /// Notes that the snapshot is whole.
    func endSnapshot(sizeInBytes: Int) {
        underWay = ([], [])
        reserve.fit(snapshotSizeInBytes: sizeInBytes)
    }

    /// Notes that the snapshot could not be written: the next one has to do its work, and has the reserve's space for it.
    func abandonSnapshot() {
        unflushed.formUnion(underWay.unflushed)
        unneeded = underWay.unneeded + unneeded
        underWay = ([], [])
        reserve.lend()
    }

    /// Forces everything to the disk.
    func flush() throws(JournalFailure) {
        guard !unflushed.isEmpty else { return }
        try files.flush(unflushed)
        unflushed = []
    }

    // MARK: For logs

    func newSegment() -> UInt64 {
        defer { nextNumber += 1 }
        return nextNumber
    }

    func size(ofSegmentsOr sizeInBytes: Int?) -> Int { sizeInBytes ?? segmentSizeInBytes }

    func write(_ bytes: [UInt8], to segment: UInt64, at position: Int) throws(StorageFailure) {
        guard reserve.fill() else { throw StorageFailure("no room for records on the disk of \(directory.path)") }
        try files.write(bytes, to: segment, at: position)
        unflushed.insert(segment)
        writtenSizeInBytes += bytes.count
        if isReplaying { hasTakenOver = true }
    }

    /// Notes that a log uses the segment.
    func use(_ segment: UInt64) { live.insert(segment) }

    /// Notes that a log no longer uses the segment.
    func discard(_ segment: UInt64) {
        live.remove(segment)
        unflushed.remove(segment)
        unneeded.append(segment)
    }

    /// Notes that a log keeps a batch in memory; releases the oldest ones if that is too much.
    func cache(_ batch: RecordBatch, of log: SegmentLog) {
        cached.append((log, batch.lastOffset, batch.bytes.count))
        cachedSizeInBytes += batch.bytes.count
        while cachedSizeInBytes > cacheSizeInBytes, let oldest = cached.popFirst() {
            cachedSizeInBytes -= oldest.sizeInBytes
            oldest.log.uncache(through: oldest.lastOffset)
        }
    }
}
