/// Topics that need the same number of partitions, because what reads them is joined.
package struct CopartitionGroup: Hashable, Sendable {
    package var topics: [TopicName]
    /// The operators that join them, for error messages.
    package var joins: [String]
}

/// The groups of a topology. Those with a topic in common become one. Kafka: `InternalTopologyBuilder.copartitionGroups`.
struct CopartitionGroups {
    private(set) var groups: [CopartitionGroup] = []

    mutating func insert(_ topics: [TopicName], joinedBy join: String) {
        var merged = CopartitionGroup(topics: [], joins: [])
        var others: [CopartitionGroup] = []
        for group in groups {
            if group.topics.contains(where: { topics.contains($0) || merged.topics.contains($0) }) {
                merged.add(topics: group.topics, joins: group.joins)
            } else {
                others.append(group)
            }
        }
        merged.add(topics: topics, joins: [join])
        groups = others + [merged]
    }
}

extension CopartitionGroup {
    fileprivate mutating func add(topics newTopics: [TopicName], joins newJoins: [String]) {
        for topic in newTopics where !topics.contains(topic) { topics.append(topic) }
        joins += newJoins
    }
}
