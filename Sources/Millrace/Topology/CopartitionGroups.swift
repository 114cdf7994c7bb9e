/// Topics that need the same number of partitions, because the operators that read them are joined.
package struct CopartitionGroup: Hashable, Sendable {
    package var topics: [TopicName]
    /// The patterns of further topics of the group.
    package var patterns: [TopicPattern] = []
    /// The operators that join them, for error messages.
    package var joins: [String]
}

/// The groups of a topology. Groups with a topic in common become one. Kafka: `InternalTopologyBuilder.copartitionGroups`.
struct CopartitionGroups {
    private(set) var groups: [CopartitionGroup] = []

    mutating func insert(_ sources: [SourceElement], joinedBy join: String) {
        let new = CopartitionGroup(
            topics: sources.flatMap(\.topics), patterns: sources.compactMap(\.pattern), joins: [join])
        var merged = CopartitionGroup(topics: [], joins: [])
        var others: [CopartitionGroup] = []
        for group in groups {
            if group.overlaps(new) || group.overlaps(merged) {
                merged.add(group)
            } else {
                others.append(group)
            }
        }
        merged.add(new)
        groups = others + [merged]
    }
}

extension CopartitionGroup {
    fileprivate func overlaps(_ other: CopartitionGroup) -> Bool {
        topics.contains(where: other.topics.contains) || patterns.contains(where: other.patterns.contains)
    }

    fileprivate mutating func add(_ other: CopartitionGroup) {
        for topic in other.topics where !topics.contains(topic) { topics.append(topic) }
        for pattern in other.patterns where !patterns.contains(pattern) { patterns.append(pattern) }
        joins += other.joins
    }
}
