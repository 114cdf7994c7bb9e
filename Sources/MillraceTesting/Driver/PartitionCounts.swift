/// How many partitions the topics of a test driver have: one number for all, or one for each.
///
/// ```swift
/// try TopologyTestDriver(topology, partitions: 4)
/// try TopologyTestDriver(topology, partitions: ["orders": 4, "customers": 2])
/// ```
public struct PartitionCounts: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByDictionaryLiteral {
    /// What topics have that are not listed.
    public var others: Int32
    /// What single topics have, by their full names.
    public var byTopic: [String: Int32]

    /// Makes the numbers of partitions.
    ///
    /// - Parameters:
    ///   - byTopic: how many partitions each topic has.
    ///   - others: what topics have that are not listed; 1 by default.
    public init(_ byTopic: [String: Int32] = [:], others: Int32 = 1) {
        self.byTopic = byTopic
        self.others = others
    }

    public init(integerLiteral value: Int32) { self.init(others: value) }

    public init(dictionaryLiteral elements: (String, Int32)...) {
        self.init(Dictionary(elements, uniquingKeysWith: { $1 }))
    }

    /// How many a topic has, at least one.
    subscript(topic: String) -> Int32 { max(1, byTopic[topic] ?? others) }

    /// Whether every topic has one.
    var isSingle: Bool { others <= 1 && byTopic.values.allSatisfy { $0 <= 1 } }
}
