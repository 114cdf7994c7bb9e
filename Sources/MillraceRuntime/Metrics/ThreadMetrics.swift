public import Millrace

/// The metrics of a worker thread since its start. Kafka: `stream-thread-metrics`.
public struct ThreadMetrics: Sendable, Hashable, Identifiable {
    /// An activity of a thread. Every moment of the thread's time belongs to one of them, so their shares add up to 1.
    public enum Activity: String, Sendable, CaseIterable {
        /// Waiting for records and fetching them. Kafka: `poll-ratio`.
        case poll
        /// Processing records, including punctuations on stream time. Kafka: `process-ratio`.
        case process
        /// Punctuations on the wall clock. Kafka: `punctuate-ratio`.
        case punctuate
        /// Commits. Kafka: `commit-ratio`.
        case commit
        /// Writing committed state to disk.
        case checkpoint
        /// Restoring stores from their changelogs. Kafka: `active-restore-ratio`.
        case restore
        /// Keeping standbys up to date. Kafka: `standby-update-ratio`.
        case standby
        /// Everything else, such as following the group and opening stores.
        case other
    }

    /// The state of a thread. Kafka: `thread-state`.
    public enum State: String, Sendable, CaseIterable {
        /// It has no assignment, or is giving up its assignment.
        case rebalancing
        /// It restores stores.
        case restoring
        /// All of its tasks run.
        case running
    }

    /// The thread's number, from 0 on.
    public var id: Int
    /// The present state.
    public var state = State.rebalancing
    /// The time that was spent on each activity since ``StreamsApplication/beginMeasuringLatency()`` was called; before that, none.
    public var activityTimes: [Activity: Duration] = [:]
    /// The number of times that each activity began since then: the number of polls, of batches that were processed, and so on.
    public var activityCounts: [Activity: Int] = [:]
    /// The times of commits, from the flush of caches to the broker's answer. Kafka: `commit-latency-avg`.
    public var commitLatency = LatencyHistogram()
    /// The times from the end of a generation, or the start, until the thread runs its tasks of the next one. Kafka:
    /// `rebalance-latency-avg`.
    public var rebalanceLatency = LatencyHistogram()
    /// The number of times that processed records had to be processed again because everything uncommitted was dropped.
    public var aborts = 0
    /// The time since the thread last asked for records; `nil` before the first time. Kafka: `last-poll-seconds-ago`.
    public var timeSincePoll: Duration?
    /// The memory of changes of stores that are not on disk yet.
    public var dirtyStateSizeInBytes = 0

    /// Makes the metrics of a thread that has done nothing.
    public init(id: Int) { self.id = id }
}
