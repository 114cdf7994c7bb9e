import Logging
import Millrace

/// Where a worker begins to read what it has no valid offset of. Kafka: `StreamThread.resetOffsets`.
extension Worker {
    /// The first offsets of the partitions whose policy is not to read them from their beginning, and of those of topics that were
    /// deleted and created again.
    ///
    /// - Throws: `StreamsError` with code `.topic` that lists the partitions whose policy is to have no such place.
    func startOffsets(of partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
        var places: [TopicPartition: OffsetSpec] = [:]
        var refused: [TopicPartition] = []
        for partition in partitions {
            // Whatever the policy: nobody has seen any of it. And what is committed of the old topic has to be replaced.
            if group.isRenewed(partition) {
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
        let starts = try ports.consumer.listOffsets(places)
        for (partition, offset) in starts {
            logger.info("no valid offset is committed of \(partition); reading begins at \(offset)")
        }
        return starts
    }

    /// Gives the offsets of partitions up that their topics do not have any more, and begins again with all partitions.
    func resetOffsets(ofSlots lost: [Int]) throws {
        let partitions = lost.filter(tasks.slots.indices.contains).map { tasks.slots[$0].partition }
        if partitions.isEmpty { return }
        // It may be another topic by now.
        group.mayMissTopics = true
        let refused = partitions.filter { offsetReset(of: $0) == .none }
        guard refused.isEmpty else { throw noValidOffset(of: refused) }
        logger.warning("the offsets of \(list(partitions)) do not exist any more; reading begins anew")
        group.outdated.formUnion(partitions)
        let all = tasks.slots.map(\.partition)
        try endGeneration(lost: false)
        beginGeneration(all)
    }

    private func offsetReset(of partition: TopicPartition) -> AutoOffsetReset {
        plan.offsetResets[partition.topic] ?? configuration.offsetReset
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
