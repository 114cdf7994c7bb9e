import ClusterCore
import Dispatch
import Synchronization

/// A snapshot that is being written, on a separate thread.
final class SnapshotWriting: Sendable {
    private struct State {
        var isCancelled = false
        var result: Result<Int, any Error>?
    }

    /// Changes are written in units of about this size.
    private static let unitSizeInBytes = 1 << 20

    private let state = Mutex(State())
    private let done = DispatchSemaphore(value: 0)

    /// Starts writing.
    ///
    /// - Parameters:
    ///   - changes: the changes that rebuild the state before the journal of this number.
    ///   - unflushed: the segments whose batches have to be on the disk before the snapshot counts.
    ///   - unneeded: the segments to remove once it does.
    init(
        _ changes: [ClusterChange], number: UInt64, directory: DataDirectory, segments files: SegmentFiles,
        unflushed: Set<UInt64>, unneeded: [UInt64]
    ) {
        DispatchQueue.global(qos: .utility).async {
            let result = Result {
                try files.flush(unflushed)
                let size = try self.write(changes, number, directory)
                files.remove(unneeded)
                return size
            }
            self.state.withLock { $0.result = result }
            self.done.signal()
        }
    }

    /// The snapshot's size in bytes, or the reason why there is none; nil while it is being written.
    var result: Result<Int, any Error>? { state.withLock { $0.result } }

    /// Waits until it is written.
    func wait() {
        done.wait()
        done.signal()
    }

    /// Abandons the snapshot, and returns when nothing more is written.
    func cancel() {
        state.withLock { $0.isCancelled = true }
        wait()
    }

    private func write(_ changes: [ClusterChange], _ number: UInt64, _ directory: DataDirectory) throws -> Int {
        let file = try JournalFile(directory.unfinishedSnapshot(number))
        try file.truncate(to: 0)
        var position = 0
        var unit: [UInt8] = []
        for change in changes {
            if state.withLock({ $0.isCancelled }) { throw CancellationError() }
            unit += ClusterChange.encode([change])
            guard unit.count >= Self.unitSizeInBytes else { continue }
            position += try file.write(JournalFrame.frame(unit), at: position)
            unit.removeAll(keepingCapacity: true)
        }
        if !unit.isEmpty { position += try file.write(JournalFrame.frame(unit), at: position) }
        // Always: the name must not reach the disk before the content.
        try file.flush()
        try directory.finishSnapshot(number)
        return position
    }
}
