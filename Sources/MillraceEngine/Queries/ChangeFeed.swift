import Millrace

/// The changes that a task has made to one of its stores since the last commit. They go to those who query the store.
///
/// Nothing is recorded for a store that nobody queries.
package final class ChangeFeed {
    /// The view for queries; `nil` for a store that nobody queries.
    private(set) var view: CommittedView?
    private var changes = ByteTable()

    package init() {}

    /// Whether changes are recorded.
    package var isFollowed: Bool { view != nil }

    /// Sends changes to a view from now on.
    func begin(_ view: CommittedView) { self.view = view }

    /// Records that an entry has a new value, or with `nil` that it is deleted, under its key on disk.
    package func recordChange(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        changes.set(key, to: value)
    }

    /// Publishes the recorded changes. Call it when all of them are committed.
    func publish(_ progress: OrderedProgress?, at position: Position) {
        guard let view else { return }
        view.publish(progress, at: position) { apply in
            for index in 0..<changes.indexLimit where changes.isTaken(index) {
                apply(changes.key(at: index), changes.value(at: index))
            }
        }
        changes.removeAll()
    }

    /// Tells the view that the store on disk has everything that was published.
    func recordFlush(_ progress: OrderedProgress?) { view?.recordFlush(progress) }

    /// Ends the view: its readers get an error.
    func end() {
        view?.close()
        view = nil
        changes.removeAll()
    }
}
