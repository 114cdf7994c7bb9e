import Synchronization

/// The embeddings of one namespace for searches: the newest in rows that are compared one by one, the others in an index.
///
/// The index is changed on another thread. Until it has an entry, the entry stays among the rows; what has been removed meanwhile is in the
/// index until its next commit, and whoever searches looks every entry up in the cache anyway.
final class SearchedNamespace: Sendable {
    /// The embeddings as of some moment.
    struct View: Sendable {
        var rows: SearchRows.View
        var index: IndexSnapshot?
    }

    private struct State {
        var rows: SearchRows
        var snapshot: IndexSnapshot?
        /// The entries of the snapshot that have not been removed.
        var indexed: Set<UInt64> = []
        /// The keys of those that have been removed.
        var removed: [[UInt8]] = []
        var isIndexing = false
        /// The rows from which on they are moved into the index.
        var indexedFrom: Int

        var isDue: Bool {
            !isIndexing && (rows.count >= indexedFrom || removed.count >= max(indexedFrom, indexed.count / 4))
        }
    }

    private let state: Mutex<State>
    private let index = Mutex<IndexCore?>(nil)
    private let format: RowFormat
    private let tailCount: Int

    /// - Parameter indexedFrom: The number of new embeddings from which on they are moved into the index.
    init(format: RowFormat, indexedFrom: Int) {
        self.format = format
        tailCount = indexedFrom
        state = Mutex(State(rows: SearchRows(format: format), indexedFrom: indexedFrom))
    }

    var count: Int { state.withLock { $0.rows.count + $0.indexed.count } }

    var view: View { state.withLock { View(rows: $0.rows.view, index: $0.snapshot) } }

    /// The figures of the index; `nil` if there is none.
    var indexMeasures: IndexMeasures? { state.withLock(\.snapshot)?.measures }

    /// Adds a row that is encoded already.
    ///
    /// - Throws: `VectorProblem` with code `.outOfMemory`.
    func append(_ key: EmbeddingKey, stamp: UInt64, row: [UInt8]) throws(VectorProblem) {
        let problem = state.withLock { state -> VectorProblem? in
            do throws(VectorProblem) { try state.rows.append(key, stamp: stamp, row: row) } catch { return error }
            return nil
        }
        if let problem { throw problem }
    }

    func remove(_ key: EmbeddingKey, stamp: UInt64) {
        state.withLock { state in
            if !state.rows.remove(stamp: stamp), state.indexed.remove(stamp) != nil {
                state.removed.append(IndexedEntry(key: key.key, stamp: stamp).bytes)
            }
        }
    }

    // MARK: Indexing

    /// Whether the index has to be changed; then the caller has to call ``updateIndex(_:)`` on another thread.
    func beginIndexing() -> Bool {
        state.withLock { state in
            guard state.isDue else { return false }
            state.isIndexing = true
            return true
        }
    }

    /// Moves rows into the index, and removes from it what has gone, until little of that is left.
    ///
    /// - Parameter vector: Returns the vector of an entry if it is still there.
    func updateIndex(_ vector: (EmbeddingKey, _ stamp: UInt64) -> [Float]?) {
        while true {
            let (rows, removed) = state.withLock { state in
                defer { state.removed = [] }
                return (state.rows.entries, state.removed)
            }
            let result = Result { try commit(rows, removed, vector) }
            let isDone = state.withLock { state in
                switch result {
                case .success(let snapshot): install(snapshot, rows, &state)
                case .failure:
                    // Without memory the rows are compared as before; more of them are needed for another attempt.
                    state.removed = removed + state.removed
                    state.indexedFrom = state.rows.count * 2
                }
                state.isIndexing = false
                state.isIndexing = state.isDue
                return !state.isIndexing
            }
            if isDone { return }
        }
    }

    private func commit(
        _ rows: [(key: EmbeddingKey, stamp: UInt64)], _ removed: [[UInt8]],
        _ vector: (EmbeddingKey, _ stamp: UInt64) -> [Float]?
    ) throws -> IndexSnapshot {
        try index.withLock { index in
            let core = try index ?? newIndex()
            index = core
            for key in removed { try core.set(key, to: nil) }
            for row in rows {
                guard let vector = vector(row.key, row.stamp) else { continue }
                try core.set(IndexedEntry(key: row.key.key, stamp: row.stamp).bytes, to: vector)
            }
            return try core.commit(at: "")
        }
    }

    private func newIndex() throws -> IndexCore {
        let format = try IndexFormat(dimensions: format.dimensions, metric: format.metric, element: format.element)
        var settings = IndexSettings(for: format)
        settings.tailCount = min(settings.tailCount, tailCount)
        return try IndexCore(format, settings: settings)
    }

    private func install(
        _ snapshot: IndexSnapshot, _ rows: [(key: EmbeddingKey, stamp: UInt64)], _ state: inout State
    ) {
        state.snapshot = snapshot
        for row in rows {
            if state.rows.remove(stamp: row.stamp) {
                state.indexed.insert(row.stamp)
            } else {
                // It went while it came into the index.
                state.removed.append(IndexedEntry(key: row.key.key, stamp: row.stamp).bytes)
            }
        }
    }
}

/// An entry's key in an index: the text, which orders equally near entries, and the stamp, by which an entry differs from those that it has
/// replaced.
struct IndexedEntry {
    var key: String
    var stamp: UInt64

    var bytes: [UInt8] { Array(key.utf8) + withUnsafeBytes(of: stamp.bigEndian, Array.init) }

    init(key: String, stamp: UInt64) { (self.key, self.stamp) = (key, stamp) }

    init?(_ bytes: UnsafeRawBufferPointer) {
        let size = MemoryLayout<UInt64>.size
        guard bytes.count >= size else { return nil }
        key = String(decoding: bytes.dropLast(size), as: UTF8.self)
        stamp = bytes.suffix(size).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
