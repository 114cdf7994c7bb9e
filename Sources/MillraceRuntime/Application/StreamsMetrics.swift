public import Millrace

/// What an application has done since it was started, and how it stands now.
public struct StreamsMetrics: Sendable, Hashable {
    /// Records that went through the topology; those of repartition topics count again.
    public var processedRecords = 0
    /// Records read from changelogs to fill stores.
    public var restoredRecords = 0
    /// Records read from changelogs to keep standbys up to date.
    public var standbyRecords = 0
    /// Records that went no further, by reason.
    public var droppedRecords: [DropReason: Int] = [:]
    /// The same for each operator, by its name in the topology's description; what came too late for a store counts under the
    /// store's name. Kafka: `dropped-records-total`.
    public var droppedRecordsByOperator: [String: [DropReason: Int]] = [:]
    /// Records written to a dead-letter topic; they count as dropped too.
    public var deadLetteredRecords = 0
    /// Commits of all workers.
    public var commits = 0
    /// How long commits have taken, all together, from the flush of caches to the broker's answer.
    public var commitTime = Duration.zero
    /// How long the longest commit took. Kafka: `commit-latency-max`.
    public var longestCommit = Duration.zero
    /// How long a commit takes. Kafka: `commit-latency-avg`.
    public var averageCommit: Duration { commits == 0 ? .zero : commitTime / commits }
    /// What each task that is here has done since it was opened, by `<sub-topology>_<partition>`. Kafka:
    /// `stream-task-metrics`.
    public var byTask: [String: TaskMetrics] = [:]
    /// How far each partition here of each store has got in its changelog, by the store's name and the partition. Kafka:
    /// `allLocalStorePartitionLags`.
    public var storeLags: [String: [Int32: StoreLag]] = [:]
    /// Records known to wait in the input partitions, about.
    public var lag: Int64 = 0
    /// The tasks that this instance runs, as `<sub-topology>_<partition>`.
    public var tasks: [String] = []
    /// The tasks of other instances of which this one keeps the stores up to date.
    public var standbyTasks: [String] = []
    /// What is wrong and may pass by itself, such as a broker that does not answer.
    public var troubles: [String] = []

    /// Metrics of an instance that has done nothing.
    public init() {}
}

/// What one task has done.
public struct TaskMetrics: Sendable, Hashable {
    /// Records that went through the sub-topology.
    public var processedRecords = 0
    /// Records read from changelogs to fill its stores.
    public var restoredRecords = 0
    /// Records that went no further, by reason. Kafka: `dropped-records-total`.
    public var droppedRecords: [DropReason: Int] = [:]
    /// The same by the operator that dropped them, by its name in `Topology.describe()`.
    public var droppedByOperator: [String: [DropReason: Int]] = [:]

    /// Metrics of a task that has done nothing.
    public init() {}
}
