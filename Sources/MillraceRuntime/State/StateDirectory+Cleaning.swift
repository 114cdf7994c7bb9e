import Glibc
import Logging
package import Millrace
package import MillraceEngine

extension StateDirectory {
    /// The tasks that have a folder, in order: those that this instance can take up without restoring everything.
    package func storedTasks() -> [TaskID] {
        StateFiles.names(in: path).compactMap(TaskID.init(folder:)).sorted()
    }

    /// Deletes the folder of a task, which need not be there.
    ///
    /// - Throws: ``StreamsError`` with `.locked` while a worker has the task, with `.stateStore` if it cannot be deleted.
    package func removeTask(_ task: TaskID) throws(StreamsError) {
        try take(task)
        defer { release(task) }
        try discards.discard(folder(of: task), logger: logger)
    }

    /// Deletes the folders of all tasks. The instance's id stays.
    ///
    /// - Throws: ``StreamsError`` with `.locked` while a worker has one, with `.stateStore` if one cannot be deleted.
    package func removeAllState() throws(StreamsError) {
        for task in storedTasks() { try removeTask(task) }
    }

    /// Deletes the folders of tasks that no worker has and that were not written to for some time. A folder that cannot be
    /// deleted is logged and left.
    ///
    /// Kafka: `StateDirectory.cleanRemovedTasks`, every `state.cleanup.delay.ms`.
    ///
    /// - Parameters:
    ///   - age: how long ago a folder was used last; one of that age is removed.
    ///   - kept: tasks whose folders stay however old they are.
    /// - Returns: The tasks whose folders are gone.
    @discardableResult
    package func removeObsolete(olderThan age: Duration, keeping kept: Set<TaskID>) -> [TaskID] {
        let now = TimeSpan(ms: 1_000) * Int64(time(nil))
        return storedTasks().filter { task in
            guard !kept.contains(task), now - lastUse(of: task) >= max(.zero, TimeSpan(age)) else { return false }
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

    /// When a task's folder was locked, unlocked, or written to by a store last, to the second, counted from the epoch.
    private func lastUse(of task: TaskID) -> TimeSpan {
        let stores = folder(of: task) + "/rocksdb"
        let paths = [folder(of: task), stores] + StateFiles.names(in: stores).map { "\(stores)/\($0)" }
        return TimeSpan(ms: 1_000) * (paths.compactMap(StateFiles.modified).max() ?? 0)
    }
}

extension TaskID {
    /// Reads a folder's name, `<sub-topology>_<partition>`; `nil` for any other.
    init?(folder name: String) {
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let subtopology = Int(parts[0]), let partition = Int32(parts[1]) else { return nil }
        self.init(subtopology: subtopology, partition: partition)
        guard description == name, subtopology >= 0, partition >= 0 else { return nil }
    }
}
