import ClusterCore
import NIOCore

/// Keeps the cluster's changes in a data directory: each unit is written before anything of it is acknowledged. A file
/// that has grown is followed by the next. When the files hold much more than the cluster does, because records and
/// offsets were replaced or deleted, a snapshot of the cluster, written on a thread of its own, takes their place.
///
/// Belongs to the broker's event loop.
final class Journal {
    private let directory: DataDirectory
    private let lock: JournalFile
    private let flush: JournalFlush
    private let sizeLimitInBytes: Int
    private var file: JournalFile
    private var number: UInt64
    private var position: Int
    /// What the full files since the last snapshot take.
    private var fullSizeInBytes = 0
    private var hasUnflushed = false
    private var snapshot: SnapshotWriting?
    private var snapshotSizeInBytes: Int
    private var isClosed = false

    /// Opens the directory and reads all changes in it.
    ///
    /// - Throws: ``JournalFailure`` if another broker uses the directory, a file cannot be read, or one that is not the
    ///   last was damaged. A last unit that was cut short is removed: it was never acknowledged.
    static func open(
        _ path: String, flush: JournalFlush, sizeLimitInBytes: Int
    ) throws -> (journal: Journal, changes: [ClusterChange]) {
        let directory = try DataDirectory(path)
        let lock = try directory.lock()
        try directory.removeUnfinished()
        let (journals, snapshots) = try directory.numbers()
        var changes: [ClusterChange] = []
        let start = snapshots.last ?? 1
        var snapshotSize = 0
        if let last = snapshots.last {
            let file = try JournalFile(directory.snapshot(last))
            snapshotSize = try read(file, into: &changes, repairing: false)
        }
        let following = journals.filter { $0 >= start }
        var number = start
        var position = 0
        var fullSize = 0
        for journal in following {
            guard journal == number || (journal == number + 1 && journal > start) else {
                throw JournalFailure("\(directory.journal(number)) is missing")
            }
            number = journal
            fullSize += position
            let file = try JournalFile(directory.journal(journal))
            position = try read(file, into: &changes, repairing: journal == following.last)
        }
        try directory.removeBefore(start)
        let journal = Journal(
            directory, lock: lock, flush: flush, sizeLimitInBytes: sizeLimitInBytes,
            file: try JournalFile(directory.journal(number)), number: number, position: position,
            fullSizeInBytes: fullSize, snapshotSizeInBytes: snapshotSize)
        return (journal, changes)
    }

    private static func read(
        _ file: JournalFile, into changes: inout [ClusterChange], repairing: Bool
    ) throws -> Int {
        let end = try JournalFrame.read(file) { changes += try ClusterChange.decode($0) }
        guard try file.sizeInBytes() != end else { return end }
        guard repairing else { throw JournalFailure("\(file.path) is damaged at byte \(end)") }
        try file.truncate(to: end)
        return end
    }

    private init(
        _ directory: DataDirectory, lock: JournalFile, flush: JournalFlush, sizeLimitInBytes: Int, file: JournalFile,
        number: UInt64, position: Int, fullSizeInBytes: Int, snapshotSizeInBytes: Int
    ) {
        self.directory = directory
        self.lock = lock
        self.flush = flush
        self.sizeLimitInBytes = sizeLimitInBytes
        self.file = file
        self.number = number
        self.position = position
        self.fullSizeInBytes = fullSizeInBytes
        self.snapshotSizeInBytes = snapshotSizeInBytes
    }

    /// Writes what changed in the cluster since the last call. When this returns, it may be acknowledged.
    func append(_ cluster: Cluster) throws {
        let changes = cluster.takeChanges()
        guard !changes.isEmpty, !isClosed else { return }
        position += try file.write(JournalFrame.encode(changes), at: position)
        hasUnflushed = true
        if flush == .always { try flushNow() }
        if position > sizeLimitInBytes { try startNextFile(cluster) }
    }

    /// Forces what was written to the disk.
    func flushNow() throws {
        guard hasUnflushed, !isClosed else { return }
        hasUnflushed = false
        try file.flush()
    }

    /// Writes nothing any more, and leaves the directory to others.
    func close() {
        isClosed = true
        snapshot?.cancel()
        snapshot = nil
    }

    private func startNextFile(_ cluster: Cluster) throws {
        // Only the last file may be cut short.
        if flush != .never { try flushNow() }
        fullSizeInBytes += position
        number += 1
        file = try JournalFile(directory.journal(number))
        position = 0
        try finishSnapshot()
        guard snapshot == nil, isSnapshotWorthwhile(cluster) else { return }
        snapshot = SnapshotWriting(cluster.snapshot(), number: number, directory: directory)
        fullSizeInBytes = 0
    }

    /// A snapshot shall free half of the files' size, and not be written for a few changes.
    private func isSnapshotWorthwhile(_ cluster: Cluster) -> Bool {
        fullSizeInBytes > snapshotSizeInBytes / 2
            && snapshotSizeInBytes + fullSizeInBytes > 2 * cluster.recordsSizeInBytes
    }

    private func finishSnapshot() throws {
        guard let result = snapshot?.result else { return }
        snapshot = nil
        snapshotSizeInBytes = try result.get()
    }
}
