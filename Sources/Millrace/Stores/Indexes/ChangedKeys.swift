/// The keys of a store's entries that have changed since the last commit, for one reader of the store's indexes.
@usableFromInline
package final class ChangedKeys {
    /// The changed keys; those that were not taken yet are marked.
    private var keys = ByteTable()
    private var untaken: [ByteTable.EntryIndex] = []
    /// The number of commits since the reader began.
    package private(set) var commitCount = 0

    package init() {}

    /// Records that the entry of a key has changed.
    package func record(_ key: UnsafeRawBufferPointer) {
        let index = keys.set(key, to: nil)
        if keys.isMarked(index) { return }
        keys.setMark(index, true)
        untaken.append(index)
    }

    /// Records that all changes so far are committed.
    package func committed() {
        commitCount += 1
        if keys.count == 0 { return }
        keys.removeAll()
        untaken.removeAll(keepingCapacity: true)
    }

    /// Whether no key has changed.
    var isEmpty: Bool { keys.count == 0 }

    /// Whether a key has changed.
    func contains(_ key: UnsafeRawBufferPointer) -> Bool { keys.find(key) != nil }

    /// Calls a closure for each key that has changed since the last call that did not throw.
    func take(_ body: (_ key: UnsafeRawBufferPointer) throws -> Void) rethrows {
        for index in untaken { try body(keys.key(at: index)) }
        for index in untaken { keys.setMark(index, false) }
        untaken.removeAll(keepingCapacity: true)
    }
}

/// A store of a task that has indexes, as the task's operators read it.
@usableFromInline
package protocol IndexedStore: AnyObject {
    var plan: StorePlan { get }

    /// Returns the store's present entries and the views of its indexes as of the task's last commit. For a global table both are of
    /// the table's last commit.
    ///
    /// - Throws: `StreamsError` with code `.storeUnavailable` for a global table that is not complete.
    func indexReader() throws -> any StoreReader

    /// Begins to record which keys change. Nothing changes beside the views of a global table.
    func beginRecordingChanges() -> ChangedKeys

    /// Ends what `beginRecordingChanges` began.
    func endRecordingChanges(_ changes: ChangedKeys)
}
