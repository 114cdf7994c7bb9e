import Foundation
import Millrace
import MillraceEngine
import MillraceRuntime
import MillraceTesting
import Synchronization

/// The storage of a seed's stores: in memory, on a simulated disk, or in RocksDB.
struct SeededStorage {
    let storage: StateStorage
    private var directory: URL?

    init(seed: UInt64) throws {
        switch seed % 8 {
        case 7:
            let directory = FileManager.default.temporaryDirectory.appending(path: "times-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            storage = .rocksDB(in: directory.path())
            self.directory = directory
        case 1, 3, 5: storage = .simulatedDisk
        default: storage = .memory
        }
    }

    /// Removes the files on disk. No store may be open.
    func remove() {
        if let directory { try? FileManager.default.removeItem(at: directory) }
    }
}

/// Collects the errors that a processing handler gets. It continues after each of them.
final class SeenErrors: Sendable {
    private let errors = Mutex<[StreamsError]>([])

    var all: [StreamsError] { errors.withLock { $0 } }

    var handlers: ErrorHandlers {
        ErrorHandlers(
            deserialization: { _ in .fail },
            processing: { context in
                self.errors.withLock { $0.append(context.error) }
                return .continue
            }, production: { _ in .fail })
    }
}

extension Int64 {
    init(clamped wide: Int128) { self.init(clamping: wide) }
}
