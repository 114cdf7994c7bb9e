public import Millrace

/// What an application has done since it was started, and how it stands now.
public struct StreamsMetrics: Sendable, Hashable {
    /// Records that went through the topology; those of repartition topics count again.
    public var processedRecords = 0
    /// Records read from changelogs to fill stores.
    public var restoredRecords = 0
    /// Records that went no further, by reason.
    public var droppedRecords: [DropReason: Int] = [:]
    /// The same for each operator, by its name in the topology's description; what came too late for a store counts under the
    /// store's name. Kafka: `dropped-records-total`.
    public var droppedRecordsByOperator: [String: [DropReason: Int]] = [:]
    /// Records written to a dead-letter topic; they count as dropped too.
    public var deadLetteredRecords = 0
    /// Commits of all workers.
    public var commits = 0
    /// Records known to wait in the input partitions, about.
    public var lag: Int64 = 0
    /// The tasks that this instance runs, as `<sub-topology>_<partition>`.
    public var tasks: [String] = []
    /// What is wrong and may pass by itself, such as a broker that does not answer.
    public var troubles: [String] = []

    public init() {}
}
