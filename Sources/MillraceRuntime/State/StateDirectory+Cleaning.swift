import Glibc
import Logging
package import Millrace
package import MillraceEngine

extension StateDirectory {
    /// Returns the tasks that have a folder, in order: those that this instance can take over without restoring everything.
    package func storedTasks() -> [TaskID] {
        StateFiles.names(in: path).compactMap(TaskID.init(folder:)).sorted()
    }

    /// Deletes the folder of a task, if it exists.
    ///
    /// - Throws: ``StreamsError`` with `.locked` while a worker owns the task, with `.stateStore` if the folder cannot be deleted.
    package func removeTask(_ task: TaskID) throws(StreamsError) {
        try take(task)
        defer { release(task) }
        try discards.discard(folder(of: task), logger: logger)
    }

    /// Deletes the folders of all tasks. The instance's id is kept.
    ///
    /// - Throws: ``StreamsError`` with `.locked` while a worker owns a task, with `.stateStore` if a folder cannot be deleted.
    package func removeAllState() throws(StreamsError) {
        for task in storedTasks() { try removeTask(task) }
    }

    /// Deletes the folders of tasks that no worker owns and that were not written to for some time. A folder that cannot be deleted
    /// is logged and kept.
    ///
    /// Kafka: `StateDirectory.cleanRemovedTasks`, every `state.cleanup.delay.ms`.
    ///
    /// - Parameters:
    ///   - age: the time since a folder's last use from which on it is removed.
    ///   - kept: tasks whose folders stay however old they are.
    /// - Returns: the tasks whose folders were deleted.
    @discardableResult
    package func removeObsolete(olderThan age: Duration, keeping kept: Set<TaskID>) -> [TaskID] {
        let now = TimeSpan(ms: 1_000) * Int64(time(nil))
        return storedTasks().filter { task in
            // The clock of files may be ahead by less than a second, so a folder may seem to have been used in the future.
            let unusedFor = max(.zero, now - lastUse(of: task))
            guard !kept.contains(task), unusedFor >= max(.zero, TimeSpan(age)) else { return false }
            do throws(StreamsError) {
                try removeTask(task)
                logger.info("removed the state of a task that is elsewhere now", metadata: ["task": "\(task)"])
                return true
            } catch {
                if error.code != .locked { logger.warning("the state of a task could not be removed: \(error)") }
                return false
            }
        }
    }

    /// Returns the time at which a task's folder was last locked, unlocked, or written to by a store: to the second, counted from
    /// the epoch.
    private func lastUse(of task: TaskID) -> TimeSpan {
        let stores = folder(of: task) + "/rocksdb"
        let paths = [folder(of: task), stores] + StateFiles.names(in: stores).map { "\(stores)/\($0)" }
        return TimeSpan(ms: 1_000) * (paths.compactMap(StateFiles.modified).max() ?? 0)
    }
}

extension TaskID {
    /// Parses a folder's name, `<sub-topology>_<partition>`; `nil` for any other name.
    init?(folder name: String) {
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let subtopology = Int(parts[0]), let partition = Int32(parts[1]) else { return nil }
        self.init(subtopology: subtopology, partition: partition)
        guard description == name, subtopology >= 0, partition >= 0 else { return nil }
    }
}
