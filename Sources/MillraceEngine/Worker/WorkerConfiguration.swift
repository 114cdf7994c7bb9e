package import Millrace

/// The settings of a worker. All times in milliseconds.
package struct WorkerConfiguration: Sendable {
    package var applicationID: String
    package var guarantee: ProcessingGuarantee
    package var handlers: ErrorHandlers
    package var commitIntervalMs: Int64
    /// Where to begin in partitions without a valid offset whose sources do not say.
    package var offsetReset = AutoOffsetReset.earliest
    /// How often committed state is made durable in the stores on disk, which bounds what a restart has to replay.
    package var checkpointIntervalMs: Int64 = 10_000
    /// How often records are deleted from repartition topics once they are committed. Kafka: `repartition.purge.interval.ms`.
    package var purgeIntervalMs: Int64 = 30_000
    /// How often the topics that are read are looked at: whether partitions were added, topics that match a pattern have come,
    /// or topics are gone. Kafka: `metadata.max.age.ms`.
    package var topicCheckIntervalMs: Int64 = 300_000
    /// Whether a topic that a source names and that is gone is waited for; otherwise the worker ends with an error.
    package var waitsForTopics = false
    /// Replicas of the application's own topics; −1 for the broker's default.
    package var replicationFactor: Int16 = -1
    /// How long the metadata beside a committed offset may be, in characters. Kafka: the broker's `offset.metadata.max.bytes`.
    package var maxOffsetMetadataLength = OffsetMetadataSize.brokerLimit
    /// The memory of one worker for state that is not on disk yet or is kept to be read again.
    package var stateCacheSizeInBytes: Int
    /// A partition with more records waiting is paused. Kafka: `buffered.records.per.partition`.
    package var maxBufferedRecordsPerPartition = 1_000
    /// A partition with more bytes waiting is paused.
    package var maxBufferedSizeInBytesPerPartition = 16 << 20
    /// How many records one poll may bring, and how many one step processes. Their array stays below 64 KiB: to free more at
    /// once makes malloc tidy up each time, 0.1 µs a record.
    package var maxRecordsPerStep = 500

    /// On how many other instances each task's stores are kept up to date. Kafka: `num.standby.replicas`.
    package var standbyReplicas = 0
    /// How often a standby asks what its active task has committed, where it has to know.
    package var standbyCheckIntervalMs: Int64 = 1_000

    /// What this worker tells the group's other members of itself; `nil` to take every member for a worker of the same topology.
    package var identity: WorkerIdentity?

    /// Told how the filling of stores goes.
    package var restoreListener: (@Sendable (RestoreEvent) -> Void)?
    /// Told how standbys are kept up to date.
    package var standbyListener: (@Sendable (RestoreEvent) -> Void)?

    package init(
        applicationID: String, guarantee: ProcessingGuarantee, handlers: ErrorHandlers, commitIntervalMs: Int64,
        stateCacheSizeInBytes: Int
    ) {
        self.applicationID = applicationID
        self.guarantee = guarantee
        self.handlers = handlers
        self.commitIntervalMs = commitIntervalMs
        self.stateCacheSizeInBytes = stateCacheSizeInBytes
    }
}

/// What a worker is doing, for those who watch it.
package struct WorkerStatus: Sendable {
    package enum Phase: String, Sendable {
        /// Has not been given its tasks yet, or is giving them up.
        case rebalancing
        /// Reads changelogs to fill its stores.
        case restoring
        case running
    }

    package var phase: Phase = .rebalancing
    package var tasks: [TaskID] = []
    /// The tasks of which there are standbys.
    package var standbyTasks: [TaskID] = []
    /// Counts since the worker was made.
    package var counts = TaskCounts()
    /// The same of each task that is open, since it was opened.
    package var countsByTask: [TaskID: TaskCounts] = [:]
    package var commits = 0
    package var commitTimes = CommitTimes()
    /// How far the stores have got in their changelogs.
    package var storeLags: [StoreLag] = []
    /// Records that are known to be in the input partitions and not processed yet.
    package var lag: Int64 = 0
    /// The client ids of the group's members that are no workers of this application.
    package var foreignMembers: [String] = []
    /// The last error that was tried again, while it lasts.
    package var trouble: String?

    package init() {}
}

/// How long commits have taken, in milliseconds.
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
