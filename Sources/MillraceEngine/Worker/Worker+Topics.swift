import Logging
import Millrace

/// The part of a worker that adapts it to the topics as they are.
extension Worker {
    func lookForTopicsIfDue() throws {
        if let look = try topics.lookIfDue(lost: lostOffsets) { try follow(look) }
    }

    /// Adapts to the topics as they are now. Returns whether they differ from those of the tasks.
    func lookForTopics() throws -> Bool {
        let look = try topics.look(lost: lostOffsets)
        try follow(look)
        return look.changes != .none
    }

    private func follow(_ look: TopicWatch.Look) throws {
        if look.hasMissingChangelogs { changelogs.raiseDoubt() }
        switch look.changes {
        case .none: try subscribeAnew()
        case .changed(let names):
            // A static member that comes back gets its old assignment, whatever it subscribes to now. Then the leader has to join
            // again to make the group rebalance.
            try subscribeAnew(isOutdated: isActive) {
                logger.info("topics have changed: \(names.joined(separator: ", ")); rejoining the group")
            }
        case .recreated: try handle(.topicsRecreated)
        case .missing: try handle(.topicsMissing)
        case .found: try handle(.topicsFound)
        }
    }

    private func subscribeAnew(isOutdated: Bool = false, _ tell: () -> Void = {}) throws {
        // A worker that is unsubscribed subscribes anyway.
        guard topics.isSubscribed, membership.state != .unsubscribed, topics.isSubscriptionOutdated || isOutdated
        else { return }
        tell()
        try topics.subscribe()
    }

    /// Returns those of some partitions whose committed offsets the group has lost.
    private func lostOffsets(_ partitions: [TopicPartition]) -> Set<TopicPartition> {
        guard isActive else { return [] }
        do {
            let found = try ports.consumer.committed(partitions, withinMs: 1_000)
            return Set(partitions.filter { found[$0] == nil })
        } catch {
            logger.debug("could not ask whether the committed offsets are still there: \(error)")
            return []
        }
    }
}
