import ClusterCore
import Millrace
import MillraceEngine

// Conversions between the engine's types and the cluster's. Neither side knows the other's, and the cluster's carry more of the
// protocol.

extension ClusterCore.TopicPartition {
    init(_ partition: Millrace.TopicPartition) { self.init(partition.topic, partition.partition) }
}

extension Millrace.TopicPartition {
    init(_ partition: ClusterCore.TopicPartition) {
        self.init(topic: partition.topic, partition: partition.partition)
    }
}

extension ClusterCore.NewTopic {
    init(_ topic: MillraceEngine.NewTopic) {
        self.init(
            topic.name, partitionCount: topic.partitions, replicationFactor: topic.replicationFactor,
            configs: topic.configuration.mapValues { $0 })
    }
}

extension [Millrace.TopicPartition: MillraceEngine.CommittedOffset] {
    /// The same offsets in the cluster's type, in order.
    var forCluster: [OffsetToCommit] {
        sorted { $0.key < $1.key }.map { partition, offset in
            OffsetToCommit(
                ClusterCore.TopicPartition(partition),
                ClusterCore.CommittedOffset(offset: offset.offset, metadata: offset.metadata))
        }
    }
}

extension GroupMetadata {
    // A line each for the generation, the group, the member's id and, where the member is static, its instance id.
    init(_ membership: GroupMembership) {
        let lines =
            ["\(membership.generationID)", membership.groupID, membership.memberID]
            + (membership.groupInstanceID.map { [$0] } ?? [])
        self.init(encoded: Array(lines.joined(separator: "\n").utf8))
    }
}

extension GroupMembership {
    init(_ metadata: GroupMetadata) {
        let lines = String(decoding: metadata.encoded, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
        self.init(
            groupID: lines.count > 1 ? lines[1] : "", generationID: Int32(lines[0]) ?? -1,
            memberID: lines.count > 2 ? lines[2] : "", groupInstanceID: lines.count > 3 ? lines[3] : nil)
    }
}
