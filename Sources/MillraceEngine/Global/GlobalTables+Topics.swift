import Logging
import Millrace

/// The state of the global tables' topics, except their partitions.
struct GlobalTopics {
    var ids: [String: String] = [:]
    var lastCheck: TopicCheck?
    /// Whether there is a sign that a topic may be gone.
    var mayBeMissing = false
    /// The missing topics that are waited for.
    var awaited: [String] = []
}

/// The handling of changes to the global tables' topics while an instance runs. Kafka Streams asks for their partitions only once.
extension GlobalTables {
    /// Compares the topics with those that are read, if a check is due.
    ///
    /// - Throws: `StreamsError` with code `.topic` for a topic that is gone, unless it is to be waited for, and with code
    ///   `.stateStore` for one that was deleted and created again: the old topic's entries cannot be removed from its store while
    ///   tasks look values up there.
    func lookForTopicsIfDue() throws {
        guard let admin = ports.admin, let last = topics.lastCheck else { return }
        let check = TopicCheck(at: ports.clock, every: TimeSpan(ms: configuration.topicCheckIntervalMs))
        let isAwaited = !topics.awaited.isEmpty && check.isLater(than: last, byMs: 500)
        guard check.isDue(after: last) || topics.mayBeMissing || isAwaited else { return }
        let names = storeOfTopic.keys.sorted()
        let present = SourceTopics(
            counts: try admin.partitionCounts(of: names), ids: try admin.topicIDs(of: names))
        topics.lastCheck = check
        topics.mayBeMissing = false
        let change = TopicChange(
            from: SourceTopics(counts: partitions.partitionCounts, ids: topics.ids), to: present,
            required: Set(names), renewed: Set(topics.awaited))
        switch change {
        case .none: topics.ids.merge(present.ids) { known, _ in known }
        case .missing(let missing): try areMissing(missing)
        case .recreated(let renewed): try areRenewed(renewed)
        case .changed(let grown):
            for topic in grown { try addPartitions(of: topic, upTo: present.counts[topic] ?? 0) }
        }
    }

    private func areMissing(_ missing: [String]) throws {
        let list = missing.joined(separator: ", ")
        guard configuration.waitsForTopics else {
            throw StreamsError(
                .topic, "the topics of global tables \(list) do not exist: deleted while the application runs")
        }
        if missing != topics.awaited {
            logger.warning("the topics of global tables \(list) do not exist; waiting for them")
        }
        topics.awaited = missing
    }

    private func areRenewed(_ renewed: [String]) throws {
        for topic in renewed { try storeOfTopic[topic]?.wipe() }
        let stores = renewed.compactMap { storeOfTopic[$0]?.plan.name }
        throw StreamsError(
            .stateStore,
            "the topics of global tables \(renewed.joined(separator: ", ")) were deleted and created again; "
                + "\(stores.joined(separator: ", ")) will be read from their beginning at the next start")
    }

    private func addPartitions(of topic: String, upTo count: Int32) throws {
        let known = partitions.partitionCounts[topic] ?? 0
        guard known < count else { return }
        logger.info("topic \(topic) of a global table has \(count) partitions now, and had \(known)")
        for number in known..<count {
            let partition = TopicPartition(topic: topic, partition: number)
            try task.addInput(partition)
            partitions.append(partition)
            positions.append(nil)
        }
        isAssigned = false
    }
}
