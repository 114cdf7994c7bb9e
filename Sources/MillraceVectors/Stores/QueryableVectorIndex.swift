public import Millrace

/// The vectors of a store's committed entries, to be searched on any thread while the application runs.
///
/// ```swift
/// let cases = try application.store(.vectors(similarCases))
/// let nearest = try cases.search(near: embedding, count: 10) { key, value in value.isOpen }
/// let inBerlin = try cases.search(near: embedding, count: 10, matching: .equals("city", .text("Berlin")))
/// ```
///
/// A search covers this instance's partitions, each as of its last commit. In all other respects it behaves like a
/// `QueryableKeyValueStore`.
public struct QueryableVectorIndex<Key, Value>: Sendable {
    private let index: QueryableIndex<Key, Value, IndexSnapshot>
    private let declaration: VectorIndex<Key, Value>

    package init(_ index: QueryableIndex<Key, Value, IndexSnapshot>, of declaration: VectorIndex<Key, Value>) {
        self.index = index
        self.declaration = declaration
    }

    /// Returns the entries whose vectors are nearest to a vector, nearest first, with their values.
    ///
    /// - Parameters:
    ///   - vector: as many components as the index has dimensions.
    ///   - count: how many entries at most. There are fewer only if no more pass the filter.
    ///   - effort: how thoroughly to search; `.standard` by default.
    ///   - filter: the condition on the entries' attributes; none by default. It needs no values, so it costs little.
    ///   - isIncluded: whether an entry that fits the filter may be returned; every one by default. It is called for one entry after
    ///     the other, the nearest first, until enough have passed; each of them is read and deserialised first.
    /// - Throws: `VectorProblem` if the vector cannot be compared, or with code `.invalidFilter`; `StreamsError` with code
    ///   `.storeUnavailable` if a local partition is being restored, `.storeElsewhere` if there are none; what `isIncluded` throws; the serdes' errors.
    public func search(
        near vector: [Float], count: Int, effort: SearchEffort = .standard, matching filter: AttributeFilter? = nil,
        where isIncluded: ((_ key: Key, _ value: Value) throws -> Bool)? = nil
    ) throws -> VectorMatches<Key, Value> {
        var isComplete = true
        var found: [(partition: Int, hit: IndexSnapshot.Hit)] = []
        let partitions = try index.partitions()
        let format = try declaration.format()
        let attributes = try filter.map { filter throws(VectorProblem) in try format.attributes.resolve(filter) }
        for (number, partition) in partitions.enumerated() {
            isComplete = isComplete && partition.view.isComplete
            let mayReturn = isIncluded.map { isIncluded in
                { (key: UnsafeRawBufferPointer) in
                    guard let entry = try partition.entry(ofKeyBytes: key) else { return false }
                    return try isIncluded(entry.key, entry.value)
                }
            }
            let hits = try partition.view.searches.measure {
                partition.view.isComplete
                    ? try partition.view.search(
                        near: vector, count: count, effort: effort.candidates, matching: filter, where: mayReturn)
                    : try declaration.scan(
                        partition, near: vector, count: count, matching: attributes, where: isIncluded)
            }
            found += hits.map { (number, $0) }
        }
        if partitions.count > 1 { found.sort { $0.hit.isNearer(than: $1.hit) } }
        let matches = try found.prefix(max(0, count)).compactMap { number, hit -> VectorMatch<Key, Value>? in
            let entry = try hit.key.withUnsafeBytes { try partitions[number].entry(ofKeyBytes: $0) }
            return entry.map {
                VectorMatch(key: $0.key, value: $0.value, score: format.exact.score(ofDistance: hit.distance))
            }
        }
        return VectorMatches(
            matches: matches, isComplete: matches.count >= count, isIndexComplete: isComplete)
    }

    /// Reads the index as of one commit of each partition, on a thread that may block, and returns the position of these commits.
    ///
    /// - Parameters:
    ///   - position: the position that the partitions have to reach; by default the one that they have.
    ///   - limit: how long to wait for the position, and for partitions that are being restored. 1 s by default.
    ///   - body: searches the handle that it gets. It may be called again if a partition was closed in the meantime.
    /// - Throws: `StreamsError` with code `.positionNotReached`, `.positionMismatch`, `.storeUnavailable` or `.storeElsewhere`;
    ///   what `body` throws; `CancellationError`.
    public func read<Result: Sendable>(
        reaching position: Position = Position(), within limit: Duration = .seconds(1),
        _ body: @escaping @Sendable (_ index: QueryableVectorIndex) throws -> Result
    ) async throws -> Committed<Result> {
        let declaration = declaration
        return try await index.read(reaching: position, within: limit) {
            try body(QueryableVectorIndex($0, of: declaration))
        }
    }

    /// Reads the index as of one commit of each partition, on the caller's thread, and returns the position of these commits.
    ///
    /// - Throws: `StreamsError` like every read of the index; what `body` throws.
    public func readCommit<Result>(_ body: (_ index: QueryableVectorIndex) throws -> Result) throws -> Committed<Result>
    {
        try index.readCommit { try body(QueryableVectorIndex($0, of: declaration)) }
    }
}

extension StoreQuery {
    /// The vectors of a store's entries, by the declaration of their index.
    ///
    /// ```swift
    /// let cases = try application.store(.vectors(similarCases))
    /// ```
    ///
    /// - Parameter index: the declaration that the store was given.
    public static func vectors<Key, Value>(_ index: VectorIndex<Key, Value>) -> StoreQuery
    where Store == QueryableVectorIndex<Key, Value> {
        StoreQuery<QueryableIndex<Key, Value, IndexSnapshot>>.index(
            index.name, key: Key.self, value: Value.self, view: IndexSnapshot.self
        ).map { QueryableVectorIndex($0, of: index) }
    }
}
