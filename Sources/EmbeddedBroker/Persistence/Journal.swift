import ClusterCore
import NIOCore

/// Keeps the cluster's changes in a data directory: each unit is written before anything of it is acknowledged. When the
/// file has grown, a snapshot of the cluster, written on a thread of its own, replaces it and all before it.
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
    private var hasUnflushed = false
    private var snapshot: SnapshotWriting?
    /// A journal shorter than the last snapshot is not worth the next.
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
        for journal in following {
            guard journal == number || (journal == number + 1 && journal > start) else {
                throw JournalFailure("\(directory.journal(number)) is missing")
            }
            number = journal
            let file = try JournalFile(directory.journal(journal))
            position = try read(file, into: &changes, repairing: journal == following.last)
        }
        try directory.removeBefore(start)
        let journal = Journal(
            directory, lock: lock, flush: flush, sizeLimitInBytes: sizeLimitInBytes,
            file: try JournalFile(directory.journal(number)), number: number, position: position,
            snapshotSizeInBytes: snapshotSize)
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
        number: UInt64, position: Int, snapshotSizeInBytes: Int
    ) {
        self.directory = directory
        self.lock = lock
        self.flush = flush
        self.sizeLimitInBytes = sizeLimitInBytes
        self.file = file
        self.number = number
        self.position = position
        self.snapshotSizeInBytes = snapshotSizeInBytes
    }

    /// Writes what changed in the cluster since the last call. When this returns, it may be acknowledged.
    func append(_ cluster: Cluster) throws {
        let changes = cluster.takeChanges()
        guard !changes.isEmpty, !isClosed else { return }
        position += try file.write(JournalFrame.encode(changes), at: position)
        hasUnflushed = true
        if flush == .always { try flushNow() }
        try finishSnapshot()
        if snapshot == nil, position > max(sizeLimitInBytes, snapshotSizeInBytes) {
            try startSnapshot(of: cluster)
        }
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

    /// From here on changes go to the next file; those before it are replaced once the snapshot is whole.
    private func startSnapshot(of cluster: Cluster) throws {
        let full = file.path
        number += 1
        file = try JournalFile(directory.journal(number))
        position = 0
        snapshot = SnapshotWriting(
            cluster.snapshot(), number: number, directory: directory, after: flush == .never ? nil : full)
    }

    private func finishSnapshot() throws {
        guard let result = snapshot?.result else { return }
        snapshot = nil
        snapshotSizeInBytes = try result.get()
    }
}
