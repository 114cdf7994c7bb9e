import Millrace

/// The indexes of one partition of a store. They get what is committed, and nothing else.
///
/// An index that fails is closed; its readers get the error, and the store goes on without it until it is opened again.
package final class StoreIndexes {
    private let values: StoreKind.ValueLayout
    private var indexes: [OpenIndex]

    /// The views of the last commit, by the indexes' names.
    package typealias Views = [String: Result<any Sendable, any Error>]

    private(set) var views: Views = [:]
    /// The views for those who want figures.
    let published: PublishedIndexes
    private var position = Position()

    /// Opens a store's indexes.
    ///
    /// - Parameter directory: returns the directory of an index; `nil` if nothing is kept on disk.
    init(of plan: StorePlan, task: TaskID, directory: (StoreIndexPlan) throws -> String?) throws {
        values = plan.kind.values
        published = PublishedIndexes(plan.indexes)
        indexes = try plan.indexes.map { index in
            let context = StoreIndexContext(
                index: index.name, store: plan.name, taskID: task.description, partition: task.partition,
                directory: try directory(index))
            return OpenIndex(index, in: context)
        }
    }

    var isEmpty: Bool { indexes.isEmpty }

    /// Makes each index have a store's entries: those whose contents on disk may lack some of them are built anew.
    ///
    /// - Parameters:
    ///   - position: the position of what the store has on disk; empty if it is not known.
    ///   - persistent: the store on disk; `nil` for one in memory, which is empty.
    func begin(at position: Position, _ persistent: PersistentStore?) {
        for index in indexes {
            index.attempt { open in
                if !position.isEmpty, open.position.reaches(position) { return }
                try build(open, from: persistent)
            }
        }
        commit(at: position)
    }

    private func build(_ index: any StoreIndex, from persistent: PersistentStore?) throws {
        if let entries = persistent?.concurrentEntries {
            return try index.rebuild(
                from: StoreIndexEntries { [values] body in
                    try entries.snapshot().scan(from: nil, to: nil, reversed: false) { key, stored in
                        try body(key, values.plainValue(stored))
                    }
                })
        }
        try index.removeAll()
        try persistent?.scan(from: nil, to: nil, reversed: false) { key, stored in
            try index.apply(key: key, value: values.plainValue(stored))
            return true
        }
    }

    /// Applies a committed change of a stored entry.
    func apply(key: UnsafeRawBufferPointer, stored: UnsafeRawBufferPointer?) {
        for index in indexes {
            index.attempt { try $0.apply(key: key, value: stored.map(values.plainValue)) }
        }
    }

    /// Ends a commit.
    func commit(at position: Position) {
        self.position = position
        views = Dictionary(uniqueKeysWithValues: indexes.map { ($0.name, $0.commit(at: position)) })
        published.publish(views)
    }

    /// Makes the views anew without a change: an index may have something by now that another thread has made for it, and the store's
    /// position may have passed records that change nothing.
    ///
    /// - Parameter position: the store's position; empty to leave it as it was at the last commit.
    func refresh(at position: Position) { commit(at: position.isEmpty ? self.position : position) }

    /// Whether an index should have its view made anew although nothing has changed.
    var isRefreshWanted: Bool { indexes.contains(where: \.isCommitWanted) }

    /// Makes the last commit survive the end of the process.
    func checkpoint() {
        for index in indexes { index.attempt { try $0.checkpoint() } }
    }

    /// Empties the indexes, at once for their readers, too.
    func removeAll() {
        for index in indexes { index.attempt { try $0.removeAll() } }
        // Otherwise a checkpoint would give them the position of what was there.
        commit(at: Position())
    }

    func close() {
        for index in indexes { index.close() }
        published.publish([:])
    }
}

/// An index that is open, or the reason why it is not.
private final class OpenIndex {
    let name: String
    private var state: Result<any StoreIndex, any Error>

    init(_ plan: StoreIndexPlan, in context: StoreIndexContext) {
        name = plan.name
        state = Result { try plan.make(context) }
    }

    func attempt(_ body: (any StoreIndex) throws -> Void) {
        guard case .success(let index) = state else { return }
        do { try body(index) } catch {
            index.close()
            state = .failure(error)
        }
    }

    var isCommitWanted: Bool {
        guard case .success(let index) = state else { return false }
        return index.isCommitWanted
    }

    func commit(at position: Position) -> Result<any Sendable, any Error> {
        func view<Index: StoreIndex>(of index: Index) throws -> any Sendable { try index.commit(at: position) }
        var made: (any Sendable)?
        attempt { made = try view(of: $0) }
        switch (made, state) {
        case (let made?, _): return .success(made)
        case (nil, .failure(let error)): return .failure(error)
        case (nil, .success): return .failure(StreamsError(.illegalState, "the index \(name) has made no view"))
        }
    }

    func close() {
        guard case .success(let index) = state else { return }
        index.close()
        state = .failure(
            StreamsError(.storeUnavailable, "the index \(name) was closed, for its task is moving or restarting"))
    }
}

extension StoreIndexes.Views {
    /// Returns the view of an index.
    ///
    /// - Throws: the error for which the index was closed; `StreamsError` with code `.storeMismatch` if there is no such index.
    func view(named name: String) throws -> any Sendable {
        guard let view = self[name] else {
            throw StreamsError(.storeMismatch, "the store has no index \(name)")
        }
        return try view.get()
    }
}
