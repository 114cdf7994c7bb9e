import Logging
import Millrace

/// The offsets from which a worker reads the partitions of its tasks.
struct StartOffsets {
    /// The committed offsets that are valid.
    var committed: [TopicPartition: CommittedOffset] = [:]
    /// Partitions whose committed offset was overwritten by another member; their start is this worker's own offset.
    var overwritten: Set<TopicPartition> = []
    /// The first offsets of partitions without a committed one that are not read from their beginning.
    var first: [TopicPartition: Int64] = [:]
}

extension Worker {
    /// Returns the start offsets of the partitions of tasks.
    ///
    /// - Parameter kept: the partitions of the tasks that stay open.
    /// - Throws: `StreamsError` with code `.topic` if a partition has no start offset.
    func starts(of ids: [TaskID], kept: Set<TopicPartition>) throws -> StartOffsets {
        let partitions = ids.flatMap { topics.plan.inputs[$0] ?? [] }
        var stored = try ports.consumer.committed(partitions)
        for partition in partitions where offsets.isOutdated(partition) { stored[partition] = nil }
        var starts = StartOffsets()
        starts.committed = try members.withoutForeignOffsets(stored, known: offsets.committed, kept: kept)
        for (partition, offset) in starts.committed where stored[partition] != offset {
            starts.overwritten.insert(partition)
        }
        starts.first = try firstOffsets(of: partitions.filter { starts.committed[$0] == nil })
        return starts
    }

    /// Returns the first offsets of the partitions whose policy is not to read them from their beginning, and of those of topics
    /// that were deleted and created again.
    ///
    /// - Throws: `StreamsError` with code `.topic` that lists the partitions whose policy is to fail without a committed offset.
    private func firstOffsets(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
        var specs: [TopicPartition: OffsetSpec] = [:]
        var refused: [TopicPartition] = []
        for partition in partitions {
            // The policy does not matter here: nobody has seen any of the topic, and the committed offset of the old topic has to
            // be replaced.
            if offsets.isRenewed(partition) {
                specs[partition] = .earliest
                continue
            }
            switch offsetReset(of: partition) {
            case .earliest, .ofApplication: break
            case .latest: specs[partition] = .latest
            case .byDuration(let duration):
                let start = Moment(ms: ports.clock.wallClockMs()) - TimeSpan(duration)
                specs[partition] = .timestamp(ms: start.notBeforeEpoch.ms)
            case .none: refused.append(partition)
            }
        }
        guard refused.isEmpty else { throw noValidOffset(of: refused) }
        if specs.isEmpty { return [:] }
        let first = try ports.consumer.listOffsets(specs)
        for (partition, offset) in first {
            logger.info("no valid offset is committed of \(partition); reading begins at \(offset)")
        }
        return first
    }

    /// Drops offsets that their topics do not have any more, and begins to read all partitions again.
    func resetOffsets(ofSlots lost: [Int]) throws {
        let partitions = lost.filter(tasks.slots.indices.contains).map { tasks.slots[$0].partition }
        if partitions.isEmpty { return }
        // The topic may have been replaced.
        topics.raiseDoubt()
        let refused = partitions.filter { offsetReset(of: $0) == .none }
        guard refused.isEmpty else { throw noValidOffset(of: refused) }
        logger.warning(
            "the offsets of \(list(partitions)) do not exist any more; reading begins by the offset reset policy")
        offsets.recordOutdated(partitions)
        try handle(.offsetsOutOfRange)
    }

    private func offsetReset(of partition: TopicPartition) -> AutoOffsetReset {
        topics.plan.offsetResets[partition.topic] ?? configuration.offsetReset
    }

    private func noValidOffset(of partitions: [TopicPartition]) -> StreamsError {
        StreamsError(
            .topic,
            "no valid offset is committed of \(list(partitions)), and the offset reset policy is none: give the sources "
                + "another policy, or commit offsets for group \(configuration.applicationID)")
    }

    private func list(_ partitions: [TopicPartition]) -> String {
        partitions.sorted().map(\.description).joined(separator: ", ")
    }
}
