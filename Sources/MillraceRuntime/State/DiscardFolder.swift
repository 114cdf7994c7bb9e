import FoundationEssentials
import Logging
import Millrace

/// A folder next to those of the tasks, to which directories are moved to be deleted.
///
/// Moving is one step: after a crash a directory is where it was or it is gone, never half deleted. What a crash leaves here is
/// deleted at the next start.
struct DiscardFolder: Sendable {
    let path: String

    /// Moves a directory here and deletes it. A directory that does not exist is no error.
    ///
    /// - Throws: `.stateStore` if it cannot be moved. If it cannot be deleted afterwards, a warning is logged.
    func discard(_ directory: String, logger: Logger) throws(StreamsError) {
        guard StateFiles.exists(directory) else { return }
        try StateFiles.createDirectory(path)
        let target = "\(path)/\(UUID().uuidString)"
        guard try StateFiles.move(directory, to: target) else { return }
        remove(target, logger)
    }

    /// Deletes the directories that an earlier process left here.
    func empty(logger: Logger) {
        for name in StateFiles.names(in: path) { remove("\(path)/\(name)", logger) }
    }

    private func remove(_ target: String, _ logger: Logger) {
        do throws(StreamsError) {
            try StateFiles.remove(target)
        } catch {
            logger.warning("discarded state could not be deleted: \(error)")
        }
    }
}
