package import Millrace

/// The settings of a worker. All times in milliseconds.
package struct WorkerConfiguration: Sendable {
    package var applicationID: String
    package var guarantee: ProcessingGuarantee
    package var handlers: ErrorHandlers
    package var commitIntervalMs: Int64
    /// The start in partitions without a valid offset, for sources that do not set one.
    package var offsetReset = AutoOffsetReset.earliest
    /// The time between two checkpoints of the stores on disk, which bounds how much a restart replays.
    package var checkpointIntervalMs: Int64 = 10_000
    /// The time between two deletions of committed records from repartition topics. Kafka: `repartition.purge.interval.ms`.
    package var purgeIntervalMs: Int64 = 30_000
    /// The time between two looks at the topics that are read: for added partitions, new topics that match a pattern, and topics
    /// that are gone. Kafka: `metadata.max.age.ms`.
    package var topicCheckIntervalMs: Int64 = 300_000
    /// Whether the worker waits for a missing source topic; otherwise it ends with an error.
    package var waitsForTopics = false
    /// The number of replicas of internal topics; −1 for the broker's default.
    package var replicationFactor: Int16 = -1
    /// The longest metadata beside a committed offset, in characters. Kafka: the broker's `offset.metadata.max.bytes`.
    package var maxOffsetMetadataLength = OffsetMetadataSize.brokerLimit
    /// Returns the present memory of one worker for state that is not on disk yet or is kept to be read again.
    package var stateCacheSizeInBytes: @Sendable () -> Int
    /// Returns the numbers of the sub-topologies that are paused on the instance; asked once in each step.
    package var pausedSubtopologies: @Sendable () -> Set<Int> = { [] }
    /// A partition with more records waiting is paused. Kafka: `buffered.records.per.partition`.
    package var maxBufferedRecordsPerPartition = 1_000
    /// A partition with more bytes waiting is paused.
    package var maxBufferedSizeInBytesPerPartition = 16 << 20
    /// The largest number of records that one poll brings and that one step processes. Their array stays below 64 KiB: freeing more
    /// at once makes malloc tidy up each time, 0.1 µs a record.
    package var maxRecordsPerStep = 500

    /// The number of other instances that keep a standby of each task. Kafka: `num.standby.replicas`.
    package var standbyReplicas = 0
    /// The time between two requests of a standby for the offsets that its active task has committed, if it needs them.
    package var standbyCheckIntervalMs: Int64 = 1_000

    /// The identity that this worker shows to the group's other members; `nil` to take every member for a worker of the same
    /// topology.
    package var identity: WorkerIdentity?

    /// A closure that is told of the progress of restoring stores.
    package var restoreListener: (@Sendable (RestoreEvent) -> Void)?
    /// A closure that is told of the progress of standbys.
    package var standbyListener: (@Sendable (RestoreEvent) -> Void)?
    /// Whether somebody reads the measurements that cost time, which are not taken otherwise; asked once for each step or batch.
    package var isWatched: @Sendable () -> Bool = { false }

    package init(
        applicationID: String, guarantee: ProcessingGuarantee, handlers: ErrorHandlers, commitIntervalMs: Int64,
        stateCacheSizeInBytes: @escaping @Sendable () -> Int
    ) {
        self.applicationID = applicationID
        self.guarantee = guarantee
        self.handlers = handlers
        self.commitIntervalMs = commitIntervalMs
        self.stateCacheSizeInBytes = stateCacheSizeInBytes
    }
}

/// The present activity of a worker, for observers.
package struct WorkerStatus: Sendable {
    package enum Phase: String, Sendable {
        /// It has no assignment yet, or is giving up its assignment.
        case rebalancing
        /// It reads changelogs to restore its stores.
        case restoring
        case running
    }

    package var phase: Phase = .rebalancing
    package var tasks: [TaskID] = []
    /// The tasks for which it keeps standbys.
    package var standbyTasks: [TaskID] = []
    /// Counts since the worker was made.
    package var counts = TaskCounts()
    /// The counts of each open task since it was opened.
    package var countsByTask: [TaskID: TaskCounts] = [:]
    package var commits = 0
    package var commitTimes = CommitTimes()
    package var measures = WorkerMeasures()
    /// The lags of the stores behind their changelogs.
    package var storeLags: [StoreLag] = []
    /// The number of records that are known to be in the input partitions and are not processed yet.
    package var lag: Int64 = 0
    /// The client ids of the group's members that are not workers of this application.
    package var foreignMembers: [String] = []
    /// The last error that is being retried, while it lasts.
    package var trouble: String?

    package init() {}
}

/// The times of commits, in milliseconds.
package struct CommitTimes: Sendable, Hashable {
    package var totalMs: Int64 = 0
    package var longestMs: Int64 = 0

    package init() {}

    mutating func add(_ span: TimeSpan) {
        totalMs = (TimeSpan(ms: totalMs) + span).ms
        longestMs = max(longestMs, span.ms)
    }

    package static func += (left: inout CommitTimes, right: CommitTimes) {
        left.totalMs = (TimeSpan(ms: left.totalMs) + TimeSpan(ms: right.totalMs)).ms
        left.longestMs = max(left.longestMs, right.longestMs)
    }
}
