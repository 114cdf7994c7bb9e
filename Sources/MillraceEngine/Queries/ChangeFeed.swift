import Millrace

/// The changes that a task has made to one of its stores since the last commit. They go to those who query the store, and to its
/// indexes.
///
/// Nothing is recorded for a store that nobody queries and that has no index.
package final class ChangeFeed {
    /// The view for queries; `nil` for a store that nobody queries.
    private(set) var view: CommittedView?
    private var indexes: StoreIndexes?
    private var changes = ByteTable()
    /// The readers of indexes that are told which keys change.
    private var recorders: [ChangedKeys] = []

    package init() {}

    /// Whether changes are recorded.
    package private(set) var isFollowed = false

    /// Sends changes to a view from now on, which gets the present contents first.
    ///
    /// - Parameter contents: calls its argument for each entry that the view has to hold.
    func begin(
        _ view: CommittedView, _ progress: OrderedProgress?, at position: Position,
        contents: (_ apply: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) -> Void) throws -> Void
    ) rethrows {
        try view.publish(progress, at: position, indexes: indexes?.views ?? [:], forEach: contents)
        self.view = view
        isFollowed = true
    }

    /// Sends changes to indexes from now on.
    func begin(_ indexes: StoreIndexes) {
        self.indexes = indexes
        isFollowed = true
    }

    /// Records that an entry has a new value, or with `nil` that it is deleted, under its key on disk.
    package func recordChange(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        changes.set(key, to: value)
        for recorder in recorders { recorder.record(key) }
    }

    /// Tells readers of the store's indexes from now on which keys change.
    func setRecorders(_ recorders: [ChangedKeys]) { self.recorders = recorders }

    /// Publishes the recorded changes. Call it when all of them are committed.
    ///
    /// - Parameters:
    ///   - position: the committed position of the task's input.
    ///   - storePosition: the position of the store's log.
    func publish(_ progress: OrderedProgress?, at position: Position, storePosition: Position) {
        guard isFollowed else { return }
        feedIndexes(at: storePosition)
        view?.publish(progress, at: position, indexes: indexes?.views ?? [:], forEach: forEachChange)
        changes.removeAll()
    }

    /// Publishes the recorded changes to the indexes alone.
    ///
    /// - Parameter storePosition: the position of the store's log.
    func publishIndexes(at storePosition: Position) {
        feedIndexes(at: storePosition)
        view?.replaceIndexes(indexes?.views ?? [:])
    }

    private func feedIndexes(at storePosition: Position) {
        guard let indexes else { return }
        forEachChange(indexes.apply)
        indexes.commit(at: storePosition)
    }

    /// Publishes what other threads have made for the indexes. Otherwise the next commit does, which may be long in coming.
    ///
    /// - Parameter storePosition: the position of the store's changelog; empty if it has none.
    func refreshIndexes(at storePosition: Position) {
        guard let indexes else { return }
        indexes.refresh(at: storePosition)
        view?.replaceIndexes(indexes.views)
    }

    private func forEachChange(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) -> Void) {
        for index in 0..<changes.indexLimit where changes.isTaken(index) {
            body(changes.key(at: index), changes.value(at: index))
        }
    }

    /// Tells the view that the store on disk has everything that was published.
    func recordFlush(_ progress: OrderedProgress?) { view?.recordFlush(progress) }

    /// Ends the view: its readers get an error.
    func end() {
        view?.close()
        view = nil
        isFollowed = indexes != nil
        changes.removeAll()
    }
}
