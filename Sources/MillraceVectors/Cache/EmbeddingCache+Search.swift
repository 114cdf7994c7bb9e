/// An embedding that a search has found.
public struct EmbeddingMatch: Sendable, Hashable {
    /// The key.
    public var key: String
    /// The embedding as it was in memory when the search ended.
    public var embedding: Embedding
    /// How near it is, in the unit of the namespace's ``VectorMetric``.
    public var score: Float
}

extension EmbeddingCache {
    /// Returns the embeddings in memory that are nearest to a vector, nearest first; of equally near ones those with lower keys.
    ///
    /// The source is not asked. An entry that has been evicted, has been replaced or is expired is not returned. The newest embeddings of the
    /// namespace, some thousands, are compared one by one; the others are in an index, of which a search may miss some.
    ///
    /// - Parameters:
    ///   - vector: The components.
    ///   - count: The number of embeddings at most.
    ///   - namespace: The namespace, which needs a ``EmbeddingNamespace/metric``; the empty text by default.
    ///   - effort: How thoroughly the index is searched; ``SearchEffort/standard`` by default.
    ///   - mayReturn: Whether a key may be returned; every key by default. It may be called several times for a key.
    /// - Throws: `VectorProblem` if the vector cannot be compared; `EmbeddingCacheError` with code `.invalidConfiguration` if the namespace
    ///   has no search; the error of `mayReturn`.
    public func search(
        near vector: [Float], count: Int, in namespace: String = "", effort: SearchEffort = .standard,
        where mayReturn: ((String) throws -> Bool)? = nil
    ) throws -> [EmbeddingMatch] {
        try core.search(
            near: vector, count: count, in: namespace, effort: effort, nowMs: clock.nowMs, where: mayReturn)
    }
}

extension CacheCore {
    /// How often a search begins again because entries went while it ran.
    private static let attempts = 3

    package func search(
        near vector: [Float], count: Int, in namespace: String, effort: SearchEffort = .standard, nowMs: Int64,
        where mayReturn: ((String) throws -> Bool)? = nil
    ) throws -> [EmbeddingMatch] {
        guard let format = configuration.settings(of: namespace).rowFormat else {
            throw EmbeddingCacheError(
                .invalidConfiguration, "the namespace \"\(namespace)\" has no metric for searches")
        }
        let query = try PreparedQuery(vector, format: format)
        if count <= 0 { return [] }
        var matches: [EmbeddingMatch] = []
        for _ in 0..<Self.attempts {
            guard let view = contents.view(of: namespace) else { return [] }
            var found = try nearest(query, view.rows, count: count, where: mayReturn)
            if let index = view.index {
                found += try nearest(vector, index, namespace, count, effort, nowMs: nowMs, where: mayReturn)
            }
            found.sort { ($0.distance, $0.key.key) < ($1.distance, $1.key.key) }
            found = Array(found.prefix(count))
            matches = found.compactMap { hit in
                contents.embedding(of: hit.key, stamp: hit.stamp, nowMs: nowMs).map {
                    EmbeddingMatch(key: hit.key.key, embedding: $0, score: format.score(ofDistance: hit.distance))
                }
            }
            if matches.count == found.count { break }
            // Expired entries have rows until somebody removes them.
            contents.sweep(amongNext: .max, nowMs: nowMs)
        }
        return matches
    }

    /// The figures of the index of a namespace; `nil` if it has none.
    package func indexMeasures(of namespace: String) -> IndexMeasures? { contents.indexMeasures(of: namespace) }

    private struct Hit {
        var key: EmbeddingKey
        var stamp: UInt64
        var distance: Float
    }

    private func nearest(
        _ query: PreparedQuery, _ view: SearchRows.View, count: Int, where mayReturn: ((String) throws -> Bool)?
    ) throws -> [Hit] {
        var hits: [Hit] = []
        var failure: (any Error)?
        for block in view.blocks {
            let found = try ExactScan.nearest(query, rows: block.rows, count: count) { row in
                guard failure == nil, block.isAlive[row] else { return false }
                guard let mayReturn else { return true }
                do { return try mayReturn(block.keys[row].key) } catch {
                    failure = error
                    return false
                }
            }
            if let failure { throw failure }
            hits += found.map { Hit(key: block.keys[$0.row], stamp: block.stamps[$0.row], distance: $0.distance) }
        }
        return hits
    }

    private func nearest(
        _ vector: [Float], _ index: IndexSnapshot, _ namespace: String, _ count: Int, _ effort: SearchEffort,
        nowMs: Int64, where mayReturn: ((String) throws -> Bool)?
    ) throws -> [Hit] {
        let found = try index.search(near: vector, count: count, effort: effort.candidates) { [contents] bytes in
            guard let entry = IndexedEntry(bytes),
                contents.embedding(of: EmbeddingKey(entry.key, in: namespace), stamp: entry.stamp, nowMs: nowMs) != nil
            else { return false }
            return try mayReturn?(entry.key) ?? true
        }
        return found.compactMap { hit in
            hit.key.withUnsafeBytes { IndexedEntry($0) }.map {
                Hit(key: EmbeddingKey($0.key, in: namespace), stamp: $0.stamp, distance: hit.distance)
            }
        }
    }
}
