package import Millrace

/// What a task needs to know beside its topology.
package struct TaskConfiguration: Sendable {
    package var applicationID: String
    package var handlers: ErrorHandlers
    /// The bound of each store's transaction buffer.
    package var maxStoreBufferSizeInBytes: Int
    /// The bound of the changes that wait in the caches of the task's tables for the next commit; with 0 nothing is cached.
    package var maxCacheSizeInBytes: Int
    /// How long an operator waits at least before it looks again for results that time has completed. Kafka:
    /// `InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION`.
    package var emitIntervalMs: Int64
    /// How long the metadata beside a committed offset may be, in characters. Kafka: the broker's `offset.metadata.max.bytes`.
    package var maxOffsetMetadataLength = OffsetMetadataSize.brokerLimit
    /// The partition counts of topics that have tasks of their own to read them: records go to these partitions, however many the
    /// topic has by now.
    package var partitionCounts: [String: Int32] = [:]

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
