/// An entry that a search has found.
public struct VectorMatch<Key, Value> {
    /// The entry's key.
    public var key: Key
    /// The entry's value, of the same commit as its vector.
    public var value: Value
    /// How near it is, in the unit of the index's ``VectorMetric``: the cosine, the dot product, or the Euclidean distance.
    public var score: Float
}

extension VectorMatch: Sendable where Key: Sendable, Value: Sendable {}
extension VectorMatch: Equatable where Key: Equatable, Value: Equatable {}

/// The entries that a search has found, nearest first.
public struct VectorMatches<Key, Value> {
    /// The entries, nearest first; of equally near ones those with lower keys.
    public var matches: [VectorMatch<Key, Value>]
    /// Whether there are as many as were asked for. If not, these are all that pass the filter.
    public var isComplete: Bool
    /// Whether the graphs of all partitions were there. While an index is made anew, the store's entries are compared one by one: that is
    /// exact, but takes long.
    public var isIndexComplete: Bool
}

extension VectorMatches: Sendable where Key: Sendable, Value: Sendable {}
