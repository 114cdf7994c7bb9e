public import Millrace
import MillraceEngine

/// The metrics of a partition that a task of this instance reads.
public struct PartitionMetrics: Sendable, Hashable {
    /// The partition.
    public var partition: TopicPartition
    /// The task that reads it, as `<sub-topology>_<partition>`.
    public var task: String
    /// The thread of the task.
    public var thread: Int
    /// The number of records that are not processed yet; `nil` while the partition's end is not known. Kafka: `records-lag`.
    public var lag: Int64?
    /// The age of the record that has waited longest, by its timestamp; 0 if no record waits.
    ///
    /// While no record has been fetched, the age of the last one that was processed stands in for it. `nil` if the lag or the
    /// timestamp is not known.
    public var lagTime: Duration?
    /// Whether fetching is paused: enough records wait, the task's stores are being restored, or the task is paused.
    public var isPaused: Bool
    /// The number of fetched records that wait. Kafka: `active-buffer-count`.
    public var bufferedRecords: Int
    /// The size of their keys and values in bytes, without those of the batch that is being processed.
    public var bufferedSizeInBytes: Int
}

extension PartitionMetrics {
    init(_ status: PartitionStatus, thread: Int, nowMs: Int64) {
        let age = status.oldestMs.map { max(.zero, Moment(ms: nowMs) - Moment(ms: $0)).duration }
        self.init(
            partition: status.partition, task: status.task.description, thread: thread, lag: status.lag,
            lagTime: status.lag.flatMap { $0 == 0 ? .zero : age }, isPaused: status.isPaused,
            bufferedRecords: status.bufferedCount, bufferedSizeInBytes: status.bufferedSizeInBytes)
    }
}

/// The progress of a partition of a store that this instance has, or keeps as a standby.
public struct StoreProgress: Sendable, Hashable {
    /// The store's name.
    public var store: String
    /// The task that has the store, as `<sub-topology>_<partition>`.
    public var task: String
    /// Whether the store is a standby's.
    public var isStandby: Bool
    /// The number of records that the changelog has and the store has not. Kafka: `restore-remaining-records-total` for a store
    /// that is being restored.
    public var missingRecords: Int64
}
