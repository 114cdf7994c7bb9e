/// The partition counts of a test driver's topics: one number for all, or one for each.
///
/// ```swift
/// try TopologyTestDriver(topology, partitions: 4)
/// try TopologyTestDriver(topology, partitions: ["orders": 4, "customers": 2])
/// ```
public struct PartitionCounts: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByDictionaryLiteral {
    /// The count of the topics that are not listed.
    public var others: Int32
    /// The counts of single topics, by full name.
    public var byTopic: [String: Int32]

    /// Makes partition counts.
    ///
    /// - Parameters:
    ///   - byTopic: the count of each topic, by full name.
    ///   - others: the count of the topics that are not listed; 1 by default.
    public init(_ byTopic: [String: Int32] = [:], others: Int32 = 1) {
        self.byTopic = byTopic
        self.others = others
    }

    public init(integerLiteral value: Int32) { self.init(others: value) }

    public init(dictionaryLiteral elements: (String, Int32)...) {
        self.init(Dictionary(elements, uniquingKeysWith: { $1 }))
    }

    /// A topic's count, at least 1.
    subscript(topic: String) -> Int32 { max(1, byTopic[topic] ?? others) }

    /// Whether every topic has a single partition.
    var isSingle: Bool { others <= 1 && byTopic.values.allSatisfy { $0 <= 1 } }
}
