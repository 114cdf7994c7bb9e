/// Sets of topics that need the same number of partitions. Sets with a topic in common become one.
///
/// Kafka: `InternalTopologyBuilder.copartitionGroups`.
struct CopartitionGroups {
    private(set) var groups: [[TopicName]] = []

    mutating func insert(_ topics: [TopicName]) {
        var merged = topics.reduce(into: [TopicName]()) { if !$0.contains($1) { $0.append($1) } }
        var others: [[TopicName]] = []
        for group in groups {
            if group.contains(where: merged.contains) {
                merged = group + merged.filter { !group.contains($0) }
            } else {
                others.append(group)
            }
        }
        groups = others + [merged]
    }
}
