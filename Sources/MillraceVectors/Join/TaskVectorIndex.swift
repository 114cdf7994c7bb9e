public import Millrace

/// The vectors of a store's entries, as the operators of the store's task search them.
///
/// ```swift
/// let cases = try context.index(similarCases)
/// let nearest = try cases.search(near: embedding, count: 10) { key, value in value.isOpen }
/// ```
///
/// A search finds the present entries, those included that the task has changed and not committed yet: the index is searched as of the
/// last commit, without the keys that have changed since, and the changed entries are compared one by one. A global table is
/// searched as of its own last commit.
///
/// With `effort: .exact` the results depend on the store's entries only, not on the moments at which the task commits, on restarts
/// or on how the index has arranged its files. Graphs depend on these, so an approximate search may find others of the near entries.
///
/// It belongs to the task that made it and must not leave its thread.
public final class TaskVectorIndex<Key, Value> {
    private let index: TaskIndex<Key, Value, IndexSnapshot>
    private let declaration: VectorIndex<Key, Value>
    private let format: IndexFormat
    private let uncommitted: UncommittedRows
    private var commitCount = 0

    /// - Throws: `VectorProblem` with code `.invalidFormat` if the declaration has impossible settings.
    init(_ index: TaskIndex<Key, Value, IndexSnapshot>, of declaration: VectorIndex<Key, Value>) throws {
        self.index = index
        self.declaration = declaration
        format = try declaration.format()
        uncommitted = UncommittedRows(format: format.exact)
    }

    /// Returns the entries whose vectors are nearest to a vector, nearest first, with their values.
    ///
    /// - Parameters:
    ///   - vector: as many components as the index has dimensions.
    ///   - count: how many entries at most. There are fewer only if no more pass the filter.
    ///   - effort: how thoroughly to search; `.standard` by default.
    ///   - filter: the condition on the entries' attributes; none by default.
    ///   - isIncluded: whether an entry that fits the filter may be returned; every one by default. It is called for entries that are near,
    ///     each of which is read and deserialised first, and for all entries where few pass.
    /// - Throws: `VectorProblem` if the vector cannot be compared, or with code `.invalidFilter`; `StreamsError` with code `.stateStore`
    ///   if the index has failed or the store cannot be read; what `isIncluded` throws; the serdes' errors.
    public func search(
        near vector: [Float], count: Int, effort: SearchEffort = .standard, matching filter: AttributeFilter? = nil,
        where isIncluded: ((_ key: Key, _ value: Value) throws -> Bool)? = nil
    ) throws -> VectorMatches<Key, Value> {
        // Refused alike, however many entries there are.
        _ = try PreparedQuery(vector, format: format.exact)
        let partition = try index.partition()
        var hits: [IndexSnapshot.Hit]
        if partition.view.isComplete {
            try takeChanges(of: partition)
            hits = try partition.view.search(
                near: vector, count: count, effort: effort.candidates, matching: filter,
                where: leavingOutChanged(declaration.test(of: partition, matching: nil, where: isIncluded)))
            hits += try uncommitted.search(
                near: vector, count: count, where: declaration.test(of: partition, matching: filter, where: isIncluded))
            hits.sort { $0.isNearer(than: $1) }
        } else {
            let filter = try filter.map { filter throws(VectorProblem) in try format.attributes.resolve(filter) }
            hits = try declaration.scan(partition, near: vector, count: count, matching: filter, where: isIncluded)
        }
        let matches = try hits.prefix(max(0, count)).compactMap { hit -> VectorMatch<Key, Value>? in
            try hit.key.withUnsafeBytes { try partition.entry(ofKeyBytes: $0) }.map {
                VectorMatch(key: $0.key, value: $0.value, score: format.exact.score(ofDistance: hit.distance))
            }
        }
        return VectorMatches(
            matches: matches, isComplete: matches.count >= count, isIndexComplete: partition.view.isComplete)
    }

    /// Returns a test that keys pass whose entries in the view are the present ones.
    private func leavingOutChanged(
        _ mayReturn: ((UnsafeRawBufferPointer) throws -> Bool)?
    ) -> ((UnsafeRawBufferPointer) throws -> Bool)? {
        guard index.hasChanges else { return mayReturn }
        let index = index
        guard let mayReturn else { return { !index.hasChanged($0) } }
        return { try !index.hasChanged($0) && mayReturn($0) }
    }

    /// Reads the vectors of the entries that have changed since the last search.
    private func takeChanges(of partition: QueryableIndex<Key, Value, IndexSnapshot>.Partition) throws {
        if commitCount != index.commitCount {
            uncommitted.removeAll()
            commitCount = index.commitCount
        }
        try index.takeChangedKeys { key in
            do {
                let value = try partition.entry(ofKeyBytes: key)?.value
                try uncommitted.set(Array(key), to: value.map(declaration.vector))
            } catch let error as StreamsError {
                throw error
            } catch let problem as VectorProblem where problem.code == .outOfMemory {
                throw problem
            } catch {
                // The index will not have it either.
                try uncommitted.set(Array(key), to: nil)
            }
        }
    }
}

extension ProcessingContext {
    /// Returns the index of vectors of a store to which the processor is connected, or of a global table.
    ///
    /// ```swift
    /// let cases = try context.index(similarCases)
    /// ```
    ///
    /// Get it once, when the processor is made.
    ///
    /// - Parameter index: the declaration that the store was given.
    /// - Throws: `StreamsError` with code `.invalidTopology` if the processor is connected to no store that has the index;
    ///   `VectorProblem` with code `.invalidFormat` if the declaration has impossible settings.
    public func index<Key, Value>(_ index: VectorIndex<Key, Value>) throws -> TaskVectorIndex<Key, Value> {
        try TaskVectorIndex(
            self.index(index.name, key: Key.self, value: Value.self, view: IndexSnapshot.self), of: index)
    }
}
