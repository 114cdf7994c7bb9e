/// The properties of the topics that tasks read, as far as they matter for the tasks.
package struct SourceTopics: Equatable, Sendable {
    /// The partition count of each topic that exists.
    package var counts: [String: Int32]
    /// The ids of the topics, as far as they are known.
    package var ids: [String: String]

    package init(counts: [String: Int32], ids: [String: String] = [:]) {
        self.counts = counts
        self.ids = ids
    }
}

/// A change of the topics since the tasks were assigned. Kafka: `StreamsPartitionAssignor`, which sees the same when a change of
/// the consumer's metadata makes the group rebalance.
package enum TopicChange: Equatable, Sendable {
    case none
    /// Topics that a source names are gone.
    case missing([String])
    /// Topics were deleted and created again: the old topics' offsets say nothing about the new ones.
    case recreated([String])
    /// There are more partitions, or other topics match a pattern.
    case changed([String])

    /// Compares the topics of the assignment with the present ones. It reports the most serious change; the next look shows the
    /// others.
    ///
    /// - Parameters:
    ///   - required: the topics that sources name.
    ///   - renewed: topics that are known to be replaced although their ids do not show it.
    package init(
        from assigned: SourceTopics, to present: SourceTopics, required: Set<String>, renewed: Set<String> = []
    ) {
        let missing = required.filter { present.counts[$0] == nil }
        let recreated = assigned.counts.filter { topic, count in
            guard let now = present.counts[topic] else { return false }
            if let before = assigned.ids[topic], let id = present.ids[topic] { return before != id }
            // No topic loses partitions.
            return now < count || renewed.contains(topic)
        }
        let changed = Set(assigned.counts.keys).union(present.counts.keys).filter {
            assigned.counts[$0] != present.counts[$0]
        }
        if !missing.isEmpty {
            self = .missing(missing.sorted())
        } else if !recreated.isEmpty {
            self = .recreated(recreated.keys.sorted())
        } else {
            self = changed.isEmpty ? .none : .changed(changed.sorted())
        }
    }
}

/// The topics of a generation of the group, as its leader saw them. Two members with different views would assign the tasks
/// differently.
package enum GenerationTopics: Equatable, Sendable {
    /// The existing topics, with their partition counts.
    case existing([String: Int32])
    /// Topics that a source names are gone.
    case missing([String])
    /// The leader does not know yet which topics exist: the group has to rebalance once more.
    case leaderLags([String])

    /// Decides how to treat the leader's view.
    ///
    /// - Parameters:
    ///   - seen: the partition counts in the leader's view.
    ///   - planned: the partition counts for which this member's tasks were last assigned.
    ///   - required: the topics that sources name.
    ///   - present: asks the broker for the partition counts of topics; called if the leader sees less than was planned.
    package init(
        seen: [String: Int32], planned: [String: Int32], required: Set<String>,
        present: ([String]) throws -> [String: Int32]
    ) rethrows {
        let unseen = required.filter { seen[$0] == nil }
        let doubtful = unseen.union(seen.filter { $0.value < planned[$0.key] ?? 0 }.keys).sorted()
        if doubtful.isEmpty {
            self = .existing(seen)
            return
        }
        let counts = try present(doubtful)
        let missing = unseen.filter { counts[$0] == nil }
        let unknown = doubtful.filter { counts[$0] ?? 0 > seen[$0] ?? 0 }
        if !missing.isEmpty {
            self = .missing(missing.sorted())
        } else {
            self = unknown.isEmpty ? .existing(seen) : .leaderLags(unknown)
        }
    }
}
