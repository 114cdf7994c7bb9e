/// A durable change of the cluster, to be written to a journal and replayed.
///
/// The changes that one ``Cluster/takeChanges()`` returns belong together: a journal keeps all of them or none.
package enum ClusterChange: Hashable, Sendable {
    case identified(clusterID: String)
    case topicCreated(name: String, id: TopicID, partitionCount: Int32, overrides: [String: String])
    case topicDeleted(name: String)
    case topicGrown(name: String, partitionCount: Int32)
    case topicConfigured(name: String, overrides: [String: String])

    /// The batch has its offset already.
    case batchAppended(TopicPartition, nowMs: Int64, RecordBatch)
    /// The batch is in the storage.
    case batchStored(TopicPartition, nowMs: Int64, BatchReference)
    case logStartMoved(TopicPartition, offset: Int64)
    /// Compaction in memory is deterministic: it runs again on replay.
    case logCompacted(TopicPartition, nowMs: Int64, endOffset: Int64)
    case producersForgotten(TopicPartition, silentSinceMs: Int64)
    /// The whole log: in snapshots, and after a compaction whose outcome is in the storage.
    case logRestored(TopicPartition, LogImage)

    case producerIDsAssigned(next: Int64)
    case transactionChanged(TransactionEntry)
    case transactionForgotten(transactionalID: String)

    case groupChanged(GroupEntry)
    case groupDeleted(groupID: String)
    case offsetsCommitted(groupID: String, [StoredOffsetEntry])
    case offsetsPending(groupID: String, producerID: Int64, [StoredOffsetEntry])
    case offsetsDecided(groupID: String, producerID: Int64, isCommit: Bool)
    case offsetsDeleted(groupID: String, [TopicPartition])
}
