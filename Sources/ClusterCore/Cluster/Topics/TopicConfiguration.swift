/// A topic's configs as its logs use them.
struct TopicConfiguration: Hashable, Sendable {
    var isCompacted: Bool
    var deletesOldRecords: Bool
    /// -1: for ever.
    var retentionMs: Int64
    /// Per partition; -1: without bound.
    var retentionBytes: Int64
    var minCompactionLagMs: Int64
    var deleteRetentionMs: Int64
    var minCleanableDirtyRatio: Double
    var maxMessageBytes: Int32
    var usesLogAppendTime: Bool
    var timestampBeforeMaxMs: Int64
    var timestampAfterMaxMs: Int64
    var minInsyncReplicas: Int32
    /// Nil unless the topic has its own.
    var segmentSizeInBytes: Int?

    /// Reads configs that passed their check; names missing among the overrides have their default.
    init(overrides: [String: String], cluster: ClusterConfiguration) {
        func text(_ name: String) -> String {
            overrides[name] ?? ConfigDefinition.topicConfig(name)?.defaultValue ?? ""
        }
        func number(_ name: String) -> Int64 { Int64(text(name).trimmingBlanks) ?? -1 }
        let policies = text("cleanup.policy").listItems
        isCompacted = policies.contains("compact")
        deletesOldRecords = policies.contains("delete")
        retentionMs = number("retention.ms")
        retentionBytes = number("retention.bytes")
        minCompactionLagMs = number("min.compaction.lag.ms")
        deleteRetentionMs = number("delete.retention.ms")
        minCleanableDirtyRatio = Double(text("min.cleanable.dirty.ratio").trimmingBlanks) ?? 0.5
        maxMessageBytes = overrides["max.message.bytes"].flatMap { Int32($0.trimmingBlanks) } ?? cluster.maxMessageBytes
        usesLogAppendTime = text("message.timestamp.type") == "LogAppendTime"
        timestampBeforeMaxMs = number("message.timestamp.before.max.ms")
        timestampAfterMaxMs = number("message.timestamp.after.max.ms")
        minInsyncReplicas = Int32(clamping: number("min.insync.replicas"))
        segmentSizeInBytes = overrides["segment.bytes"].flatMap { Int($0.trimmingBlanks) }
    }
}
