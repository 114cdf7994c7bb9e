import Logging
import Millrace

/// Where a worker begins to read the partitions of its tasks.
struct StartOffsets {
    /// What is committed, where that is valid.
    var committed: [TopicPartition: CommittedOffset] = [:]
    /// Partitions whose committed offset is this worker's own, because another member has put one over it.
    var overwritten: Set<TopicPartition> = []
    /// The first offsets of partitions without a committed one, where they are not read from their beginning.
    var first: [TopicPartition: Int64] = [:]
}

extension Worker {
    /// Asks where to begin in the partitions of tasks.
    ///
    /// - Parameter kept: the partitions of the tasks that are open and go on.
    /// - Throws: `StreamsError` with code `.topic` where there is no such place.
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

    /// The first offsets of the partitions whose policy is not to read them from their beginning, and of those of topics that were
    /// deleted and created again.
    ///
    /// - Throws: `StreamsError` with code `.topic` that lists the partitions whose policy is to have no such place.
    private func firstOffsets(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
        var places: [TopicPartition: OffsetSpec] = [:]
        var refused: [TopicPartition] = []
        for partition in partitions {
            // Whatever the policy: nobody has seen any of it. And what is committed of the old topic has to be replaced.
            if offsets.isRenewed(partition) {
                places[partition] = .earliest
                continue
            }
            switch offsetReset(of: partition) {
            case .earliest, .ofApplication: break
            case .latest: places[partition] = .latest
            case .byDuration(let duration):
                let start = Moment(ms: ports.clock.wallClockMs()) - TimeSpan(duration)
                places[partition] = .timestamp(ms: start.notBeforeEpoch.ms)
            case .none: refused.append(partition)
            }
        }
        guard refused.isEmpty else { throw noValidOffset(of: refused) }
        if places.isEmpty { return [:] }
        let first = try ports.consumer.listOffsets(places)
        for (partition, offset) in first {
            logger.info("no valid offset is committed of \(partition); reading begins at \(offset)")
        }
        return first
    }

    /// Gives the offsets of partitions up that their topics do not have any more, and begins again with all partitions.
    func resetOffsets(ofSlots lost: [Int]) throws {
        let partitions = lost.filter(tasks.slots.indices.contains).map { tasks.slots[$0].partition }
        if partitions.isEmpty { return }
        // It may be another topic by now.
        topics.raiseDoubt()
        let refused = partitions.filter { offsetReset(of: $0) == .none }
        guard refused.isEmpty else { throw noValidOffset(of: refused) }
        logger.warning("the offsets of \(list(partitions)) do not exist any more; reading begins anew")
        offsets.noteOutdated(partitions)
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
