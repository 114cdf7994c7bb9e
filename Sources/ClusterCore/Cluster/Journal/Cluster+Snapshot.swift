extension Cluster {
    /// The changes that rebuild the durable state from nothing, with which a new journal starts.
    package func snapshot() -> [ClusterChange] {
        var changes: [ClusterChange] = [
            .identified(clusterID: clusterID), .producerIDsAssigned(next: nextProducerID),
        ]
        for (name, topic) in topics.sorted(by: { $0.key < $1.key }) {
            changes.append(
                .topicCreated(
                    name: name, id: topic.id, partitionCount: topic.partitionCount, overrides: topic.overrides))
            for log in topic.logs { changes.append(.logRestored(log.partition, log.image)) }
        }
        for (_, entry) in transactions.sorted(by: { $0.key < $1.key }) { changes.append(.transactionChanged(entry)) }
        for (groupID, group) in groups.sorted(by: { $0.key < $1.key }) {
            changes.append(.groupChanged(group.durable))
            if !group.offsets.isEmpty {
                changes.append(.offsetsCommitted(groupID: groupID, Self.entries(group.offsets)))
            }
            for (producerID, pending) in group.pendingOffsets.sorted(by: { $0.key < $1.key }) {
                changes.append(
                    .offsetsPending(groupID: groupID, producerID: producerID, Self.entries(pending)))
            }
        }
        return changes
    }

    private static func entries(_ offsets: [TopicPartition: StoredOffset]) -> [StoredOffsetEntry] {
        offsets.sorted { $0.key < $1.key }.map { StoredOffsetEntry(partition: $0.key, stored: $0.value) }
    }
}
