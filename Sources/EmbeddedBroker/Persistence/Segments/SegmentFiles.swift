import ClusterCore
import Synchronization

/// The segment files of a data directory: `segments/N`, each with consecutive batches as the clients sent them. Few of them are
/// open at a time. May be used on any thread.
final class SegmentFiles: Sendable {
    private struct Open {
        var file: JournalFile
        var lastUse: UInt64
    }

    private struct State {
        var open: [UInt64: Open] = [:]
        var uses: UInt64 = 0
    }

    private let directory: DataDirectory
    private let openLimit: Int
    private let state = Mutex(State())

    /// - Parameter openLimit: how many files stay open; a read under way keeps another one open.
    init(_ directory: DataDirectory, openLimit: Int = 256) {
        self.directory = directory
        self.openLimit = max(openLimit, 1)
    }

    /// Reads bytes of a segment, as many as there are.
    func read(_ number: UInt64, _ bytes: Range<Int>) throws(StorageFailure) -> [UInt8] {
        do {
            return try file(number).read(bytes.count, at: bytes.lowerBound)
        } catch {
            throw StorageFailure(error.description, isDamage: error.isMissingFile)
        }
    }

    /// Writes bytes into a segment; the file is made if it does not exist.
    func write(_ bytes: [UInt8], to number: UInt64, at position: Int) throws(StorageFailure) {
        do {
            try file(number, creating: true).write(bytes, at: position)
        } catch {
            throw StorageFailure(error.description)
        }
    }

    func sizeInBytes(_ number: UInt64) throws(StorageFailure) -> Int {
        do {
            return try file(number).sizeInBytes()
        } catch {
            throw StorageFailure(error.description, isDamage: error.isMissingFile)
        }
    }

    /// Forces everything written to these segments, and their names, to the disk.
    func flush(_ numbers: some Sequence<UInt64>) throws(JournalFailure) {
        for number in numbers {
            do {
                try file(number).flush()
            } catch  where error.isMissingFile {
                continue  // Removed meanwhile.
            }
        }
        try directory.flushSegmentNames()
    }

    /// Removes the files of these segments. Reads under way end as if they were still there.
    func remove(_ numbers: some Sequence<UInt64>) {
        for number in numbers {
            state.withLock { $0.open[number] = nil }
            directory.removeSegment(number)
        }
    }

    private func file(_ number: UInt64, creating: Bool = false) throws(JournalFailure) -> JournalFile {
        let known = state.withLock { state -> JournalFile? in
            state.uses += 1
            state.open[number]?.lastUse = state.uses
            return state.open[number]?.file
        }
        if let known { return known }
        let file = try JournalFile(directory.segment(number), creating: creating)
        state.withLock { state in
            if state.open.count >= openLimit, let oldest = state.open.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.open[oldest.key] = nil
            }
            state.open[number] = Open(file: file, lastUse: state.uses)
        }
        return file
    }
}
