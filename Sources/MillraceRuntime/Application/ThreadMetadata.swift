import MillraceEngine

/// The present work of a worker thread. Kafka: `ThreadMetadata`.
public struct ThreadMetadata: Sendable, Hashable, Identifiable {
    /// The state of a thread. Kafka: `threadState`.
    public enum State: String, Sendable, CaseIterable {
        /// It has no assignment yet, or is giving up its assignment.
        case rebalancing
        /// It restores stores from their changelogs.
        case restoring
        /// All of its tasks run.
        case running
    }

    /// The thread's number, from 0 on.
    public var id: Int
    /// The present state.
    public var state: State
    /// The tasks that it runs, as `<sub-topology>_<partition>`. Kafka: `activeTasks`.
    public var tasks: [String]
    /// The tasks for which it keeps standbys. Kafka: `standbyTasks`.
    public var standbyTasks: [String]
    /// The number of records that wait in the input partitions of its tasks, as far as it is known.
    public var lag: Int64
    /// The error that it is trying to get over, while it lasts.
    public var trouble: String?
}

extension ThreadMetadata {
    init(_ status: WorkerStatus, id: Int) {
        self.init(
            id: id, state: State(rawValue: status.phase.rawValue) ?? .rebalancing,
            tasks: status.tasks.map(\.description), standbyTasks: status.standbyTasks.map(\.description),
            lag: status.lag, trouble: status.trouble)
    }
}
