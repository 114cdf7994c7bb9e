package import Millrace

/// The settings of a task beside its topology.
package struct TaskConfiguration: Sendable {
    package var applicationID: String
    package var handlers: ErrorHandlers
    /// The bound of each store's transaction buffer.
    package var maxStoreBufferSizeInBytes: Int
    /// The bound of the changes that wait in the caches of the task's tables for the next commit; with 0 nothing is cached.
    package var maxCacheSizeInBytes: Int
    /// The least time after which an operator looks again for results that time has completed. Kafka:
    /// `InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION`.
    package var emitIntervalMs: Int64
    /// The longest metadata beside a committed offset, in characters. Kafka: the broker's `offset.metadata.max.bytes`.
    package var maxOffsetMetadataLength = OffsetMetadataSize.brokerLimit
    /// The partition counts of repartition topics, whose partitions have tasks: records are sent to these partitions only, even if
    /// the topic has more by now.
    package var partitionCounts: [String: Int32] = [:]
    /// Whether somebody reads the measurements that cost time, which are not taken otherwise; asked once for each step or batch.
    package var isWatched: @Sendable () -> Bool = { false }

    package init(
        applicationID: String, handlers: ErrorHandlers, maxStoreBufferSizeInBytes: Int,
        maxCacheSizeInBytes: Int = 10 << 20, emitIntervalMs: Int64 = 1_000
    ) {
        self.emitIntervalMs = emitIntervalMs
        self.maxCacheSizeInBytes = maxCacheSizeInBytes
        self.applicationID = applicationID
        self.handlers = handlers
        self.maxStoreBufferSizeInBytes = maxStoreBufferSizeInBytes
    }
}
