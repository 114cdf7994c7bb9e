import ClusterCore
import Logging

/// Keeps the cluster's changes in a data directory: each unit is written before anything of it is acknowledged. The
/// batches themselves are in the ``SegmentStorage``, written before the unit that refers to them.
///
/// When the files since the last snapshot have grown, including the batches that they refer to, or a segment is no longer
/// needed, a snapshot of the cluster replaces the files. It is written on a separate thread. A restart therefore reads a
/// bounded amount, however much the segments hold.
///
/// Belongs to the broker's event loop.
final class Journal {
    /// An error: the last file ended with a unit whose batches are not whole in the segments. The unit is cut off, and
    /// everything has to be replayed from the start.
    private struct WasTorn: Error {}

    private let directory: DataDirectory
    /// Nil once closed.
    private var lock: JournalFile?
    private let segments: SegmentStorage
    private let flush: JournalFlush
    private let sizeLimitInBytes: Int
    private var file: JournalFile
    private var number: UInt64
    private var position: Int
    private var hasUnflushed = false
    private var snapshot: SnapshotWriting?
    private var snapshotSizeInBytes: Int
    /// The reason why the last snapshot could not be written, and the time to retry.
    private var failedSnapshot: (reason: any Error, retryTime: ContinuousClock.Instant)?
    private let logger: Logger
    private var isClosed = false

    /// Opens the data directory and replays its contents.
    ///
    /// - Throws: ``JournalFailure`` or ``StorageFailure`` if another broker uses the directory, a file cannot be read, or one
    ///   that is not the last was damaged. A unit that was cut short at the end is removed: it was never acknowledged, or the
    ///   machine lost it.
    static func open(
        _ configuration: EmbeddedBrokerConfiguration, path: String, cluster settings: ClusterConfiguration,
        codec: (any RecordCodec)? = nil, nowMs: Int64
    ) throws -> (journal: Journal, cluster: Cluster) {
        let directory = try DataDirectory(path)
        let lock = try directory.lock()
        try directory.removeUnfinished()
        while true {
            let segments = try SegmentStorage(
                directory, segmentSizeInBytes: configuration.segmentSizeInBytes,
                cacheSizeInBytes: configuration.cacheSizeInBytes)
            var opened: Journal?
            do {
                let cluster = try Cluster(
                    configuration: settings, codec: codec, storage: segments, nowMs: nowMs
                ) { replay in
                    opened = try Journal(directory, lock, segments, configuration, replay)
                }
                guard let journal = opened else { throw JournalFailure("\(path) was not read") }
                try journal.start(with: cluster)
                return (journal, cluster)
            } catch is WasTorn {
                configuration.logger.warning("the journal's end refers to batches that are not there; it is cut off")
            }
        }
    }

    /// Reads all files.
    private init(
        _ directory: DataDirectory, _ lock: JournalFile, _ segments: SegmentStorage,
        _ configuration: EmbeddedBrokerConfiguration, _ replay: ([ClusterChange]) throws(StorageFailure) -> Void
    ) throws {
        self.directory = directory
        self.lock = lock
        self.segments = segments
        flush = configuration.flush
        logger = configuration.logger
        sizeLimitInBytes = configuration.journalSizeInBytes
        let (journals, snapshots) = try directory.numbers()
        let start = snapshots.last ?? 1
        snapshotSizeInBytes = 0
        if let last = snapshots.last {
            snapshotSizeInBytes = try Self.read(JournalFile(directory.snapshot(last)), repairing: false, replay)
        }
        number = start
        position = 0
        let following = journals.filter { $0 >= start }
        for journal in following {
            guard journal == number || (journal == number + 1 && journal > start) else {
                throw JournalFailure("\(directory.journal(number)) is missing")
            }
            number = journal
            let isLast = journal == following.last
            position = try Self.read(JournalFile(directory.journal(journal)), repairing: isLast, replay)
        }
        file = try JournalFile(directory.journal(number))
        try directory.removeBefore(start)
    }

    private static func read(
        _ file: JournalFile, repairing: Bool, _ replay: ([ClusterChange]) throws(StorageFailure) -> Void
    ) throws -> Int {
        let end = try JournalFrame.read(file) { bytes, position in
            do throws(StorageFailure) {
                try replay(try changes(in: bytes, of: file))
            } catch {
                guard repairing, error.isDamage else { throw error }
                try file.truncate(to: position)
                throw WasTorn()
            }
        }
        guard try file.sizeInBytes() != end else { return end }
        guard repairing else { throw JournalFailure("\(file.path) is damaged at byte \(end)") }
        try file.truncate(to: end)
        return end
    }

    private static func changes(in bytes: [UInt8], of file: JournalFile) throws(StorageFailure) -> [ClusterChange] {
        do {
            return try ClusterChange.decode(bytes)
        } catch {
            throw StorageFailure("\(file.path) has a change that this version does not know")
        }
    }

    /// Ends the replay. Batches inside the journal of an earlier version are in segments now; a snapshot records that.
    private func start(with cluster: Cluster) throws {
        try segments.finishReplay()
        segments.reserve.fit(snapshotSizeInBytes: snapshotSizeInBytes)
        guard segments.hasTakenOver || segments.hasUnneeded else { return }
        try startSnapshot(cluster)
        guard segments.hasTakenOver else { return }
        snapshot?.wait()
        finishSnapshot()
        if let failedSnapshot { throw failedSnapshot.reason }
    }

    /// Writes the cluster's changes since the last call. When this returns, they may be acknowledged.
    func append(_ cluster: Cluster) throws {
        let changes = cluster.takeChanges()
        guard !isClosed else { return }
        if !changes.isEmpty {
            position += try write(JournalFrame.encode(changes))
            hasUnflushed = true
            if flush == .always { try flushNow() }
        }
        finishSnapshot()
        if isSnapshotDue { try startSnapshot(cluster) }
    }

    /// Writes a unit. If the disk is full, it releases the reserve for that.
    private func write(_ unit: [UInt8]) throws(JournalFailure) -> Int {
        do {
            return try file.write(unit, at: position)
        } catch {
            guard segments.reserve.release() else { throw error }
            return try file.write(unit, at: position)
        }
    }

    /// Forces everything written to the disk.
    func flushNow() throws {
        guard hasUnflushed, !isClosed else { return }
        hasUnflushed = false
        try segments.flush()
        try file.flush()
    }

    /// Stops writing and releases the directory.
    func close() {
        isClosed = true
        snapshot?.cancel()
        snapshot = nil
        lock = nil
    }

    /// The cost of a snapshot depends on the size of the state: that much has to have changed, or there have to be files to
    /// remove.
    private var isSnapshotDue: Bool {
        guard snapshot == nil else { return false }
        if let failedSnapshot { return failedSnapshot.retryTime <= .now }
        let grownInBytes = position + segments.writtenSizeInBytes
        return segments.hasUnneeded || grownInBytes > max(sizeLimitInBytes, snapshotSizeInBytes)
    }

    /// Continues in a new file, whose start a snapshot will describe.
    private func startSnapshot(_ cluster: Cluster) throws {
        // Only the last file may be cut short.
        if flush != .never { try flushNow() }
        do {
            file = try JournalFile(directory.journal(number + 1))
        } catch {
            return postponeSnapshot(error)
        }
        number += 1
        position = 0
        let (unflushed, unneeded) = segments.beginSnapshot()
        snapshot = SnapshotWriting(
            cluster.snapshot(), number: number, directory: directory, segments: segments.files, unflushed: unflushed,
            unneeded: unneeded)
    }

    private func finishSnapshot() {
        guard let result = snapshot?.result else { return }
        snapshot = nil
        switch result {
        case .success(let sizeInBytes):
            failedSnapshot = nil
            snapshotSizeInBytes = sizeInBytes
            segments.endSnapshot(sizeInBytes: sizeInBytes)
        case .failure(let error): postponeSnapshot(error)
        }
    }

    /// Without the snapshot nothing is lost, because the journal has everything. But it grows, and unneeded files stay.
    private func postponeSnapshot(_ error: any Error) {
        logger.error("no snapshot: \(error)")
        failedSnapshot = (error, .now + .seconds(1))
        segments.abandonSnapshot()
    }
}
