public import Millrace

/// The figures of an application: its totals since the start, and its present state.
public struct StreamsMetrics: Sendable, Hashable {
    /// The application's id.
    public var applicationID = ""
    /// The name that tells this instance from others, a prefix of its Kafka clients' names. Before the application runs it is the
    /// application's id. Kafka: the client id.
    public var clientID = ""
    /// The present state. Kafka: `state`.
    public var state = ApplicationState.created
    /// The metrics of each worker thread that is alive, by number. Kafka: `alive-stream-threads`.
    public var threads: [ThreadMetrics] = []
    /// The number of worker threads that have ended with an error. Kafka: `failed-stream-threads`.
    public var failedThreads = 0
    /// The metrics of each partition that this instance reads.
    public var partitions: [PartitionMetrics] = []
    /// The progress of each local partition of each store with a changelog, except global tables.
    public var storeProgress: [StoreProgress] = []
    /// The memory for state that is being read or is not on disk yet, as it was configured.
    public var stateCacheCapacityInBytes = 0
    /// Records processed by the topology; a record that passes through a repartition topic counts once more.
    public var processedRecords = 0
    /// Records read from changelogs to restore stores.
    public var restoredRecords = 0
    /// Records read from changelogs to keep standbys up to date.
    public var standbyRecords = 0
    /// Dropped records, by reason.
    public var droppedRecords: [DropReason: Int] = [:]
    /// Dropped records of each operator, by its name in the topology's description. Records that came too late for a store count
    /// under the store's name. Kafka: `dropped-records-total`.
    public var droppedRecordsByOperator: [String: [DropReason: Int]] = [:]
    /// Records written to a dead-letter topic; they count as dropped too.
    public var deadLetteredRecords = 0
    /// Records written to a dead-letter topic, by operator and reason.
    public var deadLetteredRecordsByOperator: [String: [DropReason: Int]] = [:]
    /// Commits by all workers.
    public var commits = 0
    /// The total time of all commits, each from the flush of caches to the broker's answer.
    public var commitTime = Duration.zero
    /// The time of the longest commit. Kafka: `commit-latency-max`.
    public var longestCommit = Duration.zero
    /// The average time of a commit; 0 before the first one. Kafka: `commit-latency-avg`.
    public var averageCommit: Duration { commits == 0 ? .zero : commitTime / commits }
    /// The metrics of each task of this instance since it was opened, by `<sub-topology>_<partition>`. Kafka:
    /// `stream-task-metrics`.
    public var byTask: [String: TaskMetrics] = [:]
    /// The lag behind its changelog of each local partition of each store, by the store's name and the partition. Kafka:
    /// `allLocalStorePartitionLags`.
    public var storeLags: [String: [Int32: StoreLag]] = [:]
    /// The approximate number of records that wait in the input partitions, as far as it is known.
    public var lag: Int64 = 0
    /// The tasks that this instance runs, as `<sub-topology>_<partition>`.
    public var tasks: [String] = []
    /// The tasks of other instances for which this one keeps standbys.
    public var standbyTasks: [String] = []
    /// Problems that may pass by themselves, such as a broker that does not answer.
    public var troubles: [String] = []

    /// Metrics of an instance that has done nothing.
    public init() {}
}

/// The figures of one task.
public struct TaskMetrics: Sendable, Hashable {
    /// The number of the thread that runs the task or keeps its standby.
    public var thread = 0
    /// Whether the instance's user has paused the task.
    public var isPaused = false
    /// Records processed by the sub-topology.
    public var processedRecords = 0
    /// Records read from changelogs to restore its stores.
    public var restoredRecords = 0
    /// Records read from changelogs to keep its standby up to date.
    public var standbyRecords = 0
    /// Dropped records, by reason. Kafka: `dropped-records-total`.
    public var droppedRecords: [DropReason: Int] = [:]
    /// Dropped records of each operator, by its name in `Topology.describe()`.
    public var droppedByOperator: [String: [DropReason: Int]] = [:]
    /// Records written to a dead-letter topic, by operator and reason; they count as dropped too.
    public var deadLetteredByOperator: [String: [DropReason: Int]] = [:]
    /// The ages of records, by their timestamps, when they had been processed. It is empty until
    /// ``StreamsApplication/beginMeasuringLatency()`` is called. Kafka: `record-e2e-latency-avg`.
    public var endToEndLatency = LatencyHistogram()
    /// The times by which records were behind the highest timestamp that the task had seen; 0 for one in order. It is empty until
    /// ``StreamsApplication/beginMeasuringLatency()`` is called. Kafka: `record-lateness-avg`.
    public var lateness = LatencyHistogram()
    /// Records that each operator has got, by its name in `Topology.describe()`; looked at twice a second. A source counts what it
    /// hands on. Kafka: `stream-processor-node-metrics: process-total`.
    public var recordsByOperator: [String: Int] = [:]

    /// The calls of the engine of each of the task's stores that has one, by the store's name. Kafka: `stream-state-metrics`.
    public var storeOperations: [String: [StoreOperation: StoreOperationMetrics]] = [:]

    /// Metrics of a task that has done nothing.
    public init() {}
}
