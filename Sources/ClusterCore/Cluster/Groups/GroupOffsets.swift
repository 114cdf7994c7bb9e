/// A committed position in a partition.
package struct CommittedOffset: Hashable, Sendable {
    package var offset: Int64
    package var leaderEpoch: Int32
    package var metadata: String

    package init(offset: Int64, leaderEpoch: Int32 = -1, metadata: String = "") {
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata
    }
}

/// The committer of offsets. The defaults are those of a consumer that is no member of a group.
package struct GroupMembership: Hashable, Sendable {
    package var groupID: String
    package var generationID: Int32
    package var memberID: String
    package var groupInstanceID: String?

    package init(
        groupID: String, generationID: Int32 = -1, memberID: String = "", groupInstanceID: String? = nil
    ) {
        self.groupID = groupID
        self.generationID = generationID
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
    }
}

/// A partition and the offset to commit for it.
package struct OffsetToCommit: Hashable, Sendable {
    package var partition: TopicPartition
    package var offset: CommittedOffset

    package init(_ partition: TopicPartition, _ offset: CommittedOffset) {
        self.partition = partition
        self.offset = offset
    }
}

/// The outcome for one partition of a request.
package struct PartitionOutcome: Hashable, Sendable {
    package var partition: TopicPartition
    package var error: KafkaErrorCode
}

/// One partition of an OffsetFetch answer.
package struct FetchedOffset: Hashable, Sendable {
    package var partition: TopicPartition
    /// Offset -1 where nothing is committed.
    package var offset: CommittedOffset
    /// ``KafkaErrorCode/unstableOffsetCommit`` where a transaction is about to change it.
    package var error: KafkaErrorCode
}
