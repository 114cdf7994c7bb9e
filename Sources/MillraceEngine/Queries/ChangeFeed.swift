import Millrace

/// What a task has written to one of its stores since the last commit, on its way to those who query the store.
///
/// Nothing is noted of a store that nobody queries.
package final class ChangeFeed {
    /// What those read who query the store; `nil` for a store that nobody queries.
    private(set) var view: CommittedView?
    private var changes = ByteTable()

    package init() {}

    /// Whether changes are to be noted.
    package var isFollowed: Bool { view != nil }

    /// Has changes go to a view from now on.
    func begin(_ view: CommittedView) { self.view = view }

    /// Notes that an entry has a new value, or with `nil` that it is deleted, under its key on disk.
    package func note(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) { changes.set(key, to: value) }

    /// Hands on what has been noted, when all of it is committed.
    func publish(_ progress: OrderedProgress?, at position: Position) {
        guard let view else { return }
        view.publish(progress, at: position) { apply in
            for place in 0..<changes.placeLimit where changes.isTaken(place) {
                apply(changes.key(at: place), changes.value(at: place))
            }
        }
        changes.removeAll()
    }

    /// Tells the view that the store on disk has all that was handed on.
    func noteWrittenDown(_ progress: OrderedProgress?) { view?.noteWrittenDown(progress) }

    /// Ends the view: whoever reads it gets an error.
    func end() {
        view?.close()
        view = nil
        changes.removeAll()
    }
}
