/// What happens to a store while it is filled from its changelog. Kafka: `StateRestoreListener`.
///
/// ```swift
/// configuration.restoreListener = { event in
///     if event.phase == .ended { print("\(event.store): \(event.restoredRecords) records") }
/// }
/// ```
public struct RestoreEvent: Sendable, Hashable {
    /// How far the restoration of a store is.
    public enum Phase: String, Sendable, Hashable {
        /// Reading begins.
        case started
        /// Some records have been read.
        case batch
        /// The store is complete.
        case ended
        /// The task was given up or failed before the store was complete.
        case suspended
    }

    /// How far the restoration is.
    public var phase: Phase
    /// The store's name.
    public var store: String
    /// The partition that the store is restored from.
    public var changelog: TopicPartition
    /// The next offset of the changelog to be read.
    public var nextOffset: Int64
    /// The offset behind the changelog's last record, as far as known.
    public var endOffset: Int64?
    /// The records read since reading began.
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

/// How far a partition of a store has got in its changelog. Kafka: `LagInfo`.
public struct StoreLag: Sendable, Hashable {
    /// The store's name.
    public var store: String
    /// The partition of the store's task.
    public var partition: Int32
    /// The offset up to and without which the changelog is in the store.
    public var currentOffset: Int64
    /// The offset behind the changelog's last record, as far as known; that of a store that is complete is where it stands.
    public var endOffset: Int64

    /// How many records are missing.
    public var lag: Int64 { max(0, endOffset - currentOffset) }

    package init(store: String, partition: Int32, currentOffset: Int64, endOffset: Int64) {
        self.store = store
        self.partition = partition
        self.currentOffset = currentOffset
        self.endOffset = endOffset
    }
}
