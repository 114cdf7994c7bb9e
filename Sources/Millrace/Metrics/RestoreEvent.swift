/// An event of a store that is being restored from its changelog. Kafka: `StateRestoreListener`.
///
/// ```swift
/// configuration.restoreListener = { event in
///     if event.phase == .ended { print("\(event.store): \(event.restoredRecords) records") }
/// }
/// ```
public struct RestoreEvent: Sendable, Hashable {
    /// The progress of a store's restoration.
    public enum Phase: String, Sendable, Hashable {
        /// Reading begins.
        case started
        /// Some records have been read.
        case batch
        /// The store is complete.
        case ended
        /// The task was released or failed before the store was complete.
        case suspended
    }

    /// The progress of the restoration.
    public var phase: Phase
    /// The store's name.
    public var store: String
    /// The partition that the store is restored from.
    public var changelog: TopicPartition
    /// The next offset of the changelog to be read.
    public var nextOffset: Int64
    /// The offset after the changelog's last record, as far as it is known.
    public var endOffset: Int64?
    /// The number of records read since reading began.
    public var restoredRecords: Int

    package init(
        _ phase: Phase, store: String, changelog: TopicPartition, nextOffset: Int64, endOffset: Int64?,
        restoredRecords: Int
    ) {
        self.phase = phase
        self.store = store
        self.changelog = changelog
        self.nextOffset = nextOffset
        self.endOffset = endOffset
        self.restoredRecords = restoredRecords
    }
}

/// The progress of a partition of a store in its changelog. Kafka: `LagInfo`.
public struct StoreLag: Sendable, Hashable {
    /// The store's name.
    public var store: String
    /// The partition of the store's task.
    public var partition: Int32
    /// The next offset of the changelog to be restored: the store has everything below it.
    public var currentOffset: Int64
    /// The offset after the changelog's last record, as far as it is known; for a complete store it is `currentOffset`.
    public var endOffset: Int64

    /// The number of records that are missing.
    public var lag: Int64 { max(0, endOffset - currentOffset) }

    package init(store: String, partition: Int32, currentOffset: Int64, endOffset: Int64) {
        self.store = store
        self.partition = partition
        self.currentOffset = currentOffset
        self.endOffset = endOffset
    }
}
