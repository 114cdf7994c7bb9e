import Millrace

/// A worker's knowledge of the committed offsets of the partitions that it reads.
final class InputOffsets {
    /// The committed offsets of its tasks' partitions, as far as this worker knows them.
    private(set) var committed: [TopicPartition: CommittedOffset] = [:]
    /// The partitions whose offsets this worker has committed since it began to read.
    private var committedHere: Set<TopicPartition> = []
    /// Partitions whose committed offsets do not exist in their topics any more, until others are committed.
    private var outdated: Set<TopicPartition> = []
    /// Partitions whose committed offsets belong to an earlier topic of the same name, until others are committed.
    private var renewed: Set<TopicPartition> = []
    /// Topics that replace earlier ones of the same name which this worker has read, until reading begins again.
    private var renewedTopics: Set<String> = []

    /// Whether the committed offset of a partition cannot be used as a start.
    func isOutdated(_ partition: TopicPartition) -> Bool {
        outdated.contains(partition) || isRenewed(partition)
    }

    /// Whether the committed offset of a partition, or its stored state, belongs to an earlier topic of the same name.
    func isRenewed(_ partition: TopicPartition) -> Bool {
        renewed.contains(partition) || renewedTopics.contains(partition.topic)
    }

    /// Whether another worker has processed more of a task than this one: this one stood still while its generation ended. Its stores
    /// lack what the other has done.
    ///
    /// - Parameters:
    ///   - partitions: the partitions of a task that this worker has open.
    ///   - present: the offsets that are committed now.
    func areOvertaken(_ partitions: [TopicPartition], by present: [TopicPartition: CommittedOffset]) -> Bool {
        partitions.contains { partition in
            guard let offset = present[partition]?.offset else { return false }
            return committed[partition].map { $0.offset < offset } ?? true
        }
    }

    /// Records that topics were replaced by others of the same name.
    func recordRenewed(_ topics: some Sequence<String>) { renewedTopics.formUnion(topics) }

    /// Records that the committed offsets of partitions do not exist in their topics any more.
    func recordOutdated(_ partitions: [TopicPartition]) { outdated.formUnion(partitions) }

    /// Records the committed offsets of the partitions that this worker is about to read.
    func recordStarts(_ committed: [TopicPartition: CommittedOffset]) { self.committed = committed }

    /// Records that reading of all partitions of this worker has begun.
    func recordBeginning(of partitions: [TopicPartition]) {
        renewed = Set(partitions.filter(isRenewed))
        outdated.formIntersection(partitions)
        renewedTopics = []
        committedHere = []
    }

    /// Records the offsets that this worker has committed.
    func recordCommit(of offsets: [TopicPartition: CommittedOffset]) {
        committed.merge(offsets) { $1 }
        committedHere.formUnion(offsets.keys)
        renewed.subtract(offsets.keys)
        outdated.subtract(offsets.keys)
    }

    /// Whether a commit of this worker has shown that nobody else has advanced a task since this worker began to read.
    func isConfirmed(_ partitions: [TopicPartition]) -> Bool { partitions.contains(where: committedHere.contains) }
}
