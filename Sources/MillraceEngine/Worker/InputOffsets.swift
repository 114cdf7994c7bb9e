import Millrace

/// What a worker knows of the committed offsets of the partitions that it reads.
final class InputOffsets {
    /// What this worker knows to be committed of the partitions of its tasks.
    private(set) var committed: [TopicPartition: CommittedOffset] = [:]
    /// The partitions of which this worker has committed offsets since it began to read.
    private var own: Set<TopicPartition> = []
    /// Partitions whose committed offsets their topics do not have any more, until others are committed.
    private var outdated: Set<TopicPartition> = []
    /// Partitions whose committed offsets are those of another topic of the same name, until others are committed.
    private var renewed: Set<TopicPartition> = []
    /// Topics that are others than those which this worker has read under the same names, until reading begins anew.
    private var renewedTopics: Set<String> = []

    /// Whether what is committed of a partition says nothing about where to begin.
    func isOutdated(_ partition: TopicPartition) -> Bool {
        outdated.contains(partition) || isRenewed(partition)
    }

    /// Whether what is committed of a partition, or stored of it, is of another topic of the same name.
    func isRenewed(_ partition: TopicPartition) -> Bool {
        renewed.contains(partition) || renewedTopics.contains(partition.topic)
    }

    /// Notes that topics are others than before.
    func noteRenewed(_ topics: some Sequence<String>) { renewedTopics.formUnion(topics) }

    /// Notes that topics do not have the committed offsets of partitions any more.
    func noteOutdated(_ partitions: [TopicPartition]) { outdated.formUnion(partitions) }

    /// Notes what is committed of the partitions that this worker is about to read.
    func noteStarts(_ committed: [TopicPartition: CommittedOffset]) { self.committed = committed }

    /// Notes that reading has begun of all partitions of this worker.
    func noteBeginning(of partitions: [TopicPartition]) {
        renewed = Set(partitions.filter(isRenewed))
        outdated.formIntersection(partitions)
        renewedTopics = []
        own = []
    }

    /// Notes what this worker has committed.
    func noteCommit(of offsets: [TopicPartition: CommittedOffset]) {
        committed.merge(offsets) { $1 }
        own.formUnion(offsets.keys)
        renewed.subtract(offsets.keys)
        outdated.subtract(offsets.keys)
    }

    /// Whether a commit of this worker's has shown that nobody else has taken a task further since this worker began to read.
    func isConfirmed(_ partitions: [TopicPartition]) -> Bool { partitions.contains(where: own.contains) }
}
