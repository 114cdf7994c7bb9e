/// An index of a store, as the operators of the store's task read it.
///
/// ```swift
/// let words = try context.index("words", key: String.self, value: String.self, view: [Substring: Set<[UInt8]>].self)
/// let partition = try words.partition()
/// let found = partition.view["amber"]?.filter { key in !key.withUnsafeBytes(words.hasChanged) }
/// ```
///
/// The index's view is of the task's last commit. Of the keys that have changed since then it says nothing that still holds: leave
/// them out of what it finds, and look at their present entries instead. Then the results do not depend on the moments at which the
/// task commits. A global table is read as of its own last commit, with its entries of the same commit, so none of its keys has changed.
///
/// It belongs to the task that made it and must not leave its thread. Libraries that bring a kind of index build their joins on it.
public final class TaskIndex<Key, Value, View: Sendable> {
    private let name: String
    private let store: any IndexedStore
    private let changes: ChangedKeys

    package init(_ name: String, in store: any IndexedStore) {
        self.name = name
        self.store = store
        changes = store.beginRecordingChanges()
    }

    /// Ends the recording of changes.
    func close() { store.endRecordingChanges(changes) }

    /// Returns the index as of the last commit, with the present entries of the store. It is valid until the store changes.
    ///
    /// - Throws: `StreamsError` with code `.stateStore` if the index has failed or the store cannot be read, which ends the task.
    public func partition() throws -> QueryableIndex<Key, Value, View>.Partition {
        try Result {
            try QueryableIndex<Key, Value, View>.Partition(of: store.indexReader(), named: name, store.plan)
        }
        .mapError { error in
            StreamsError(.stateStore, "the index \(name) of the store \(store.plan.name) failed", underlying: error)
        }
        .get()
    }

    /// The number of commits since the index was opened here. When it grows, the view has the changes from before.
    public var commitCount: Int { changes.commitCount }

    /// Whether any key has changed since the last commit.
    public var hasChanges: Bool { !changes.isEmpty }

    /// Returns whether a key has changed since the last commit, so that its present entry counts instead of what the view has.
    ///
    /// - Parameter key: the key as the store's serde writes it.
    public func hasChanged(_ key: UnsafeRawBufferPointer) -> Bool { changes.contains(key) }

    /// Calls a closure for each key that has changed since the last call, or since the last commit if that was later. A key that
    /// changes again comes again.
    ///
    /// ```swift
    /// try words.takeChangedKeys { key in print(try partition.entry(ofKeyBytes: key)?.value ?? "deleted") }
    /// ```
    ///
    /// - Parameter body: gets a key as the store's serde writes it, valid during the call. If it throws, the keys come again.
    /// - Throws: what `body` throws.
    public func takeChangedKeys(_ body: (_ key: UnsafeRawBufferPointer) throws -> Void) rethrows {
        try changes.take(body)
    }
}

extension ProcessingContext {
    /// Returns an index of a store to which the processor is connected, or of a global table.
    ///
    /// ```swift
    /// let words = try context.index("words", key: String.self, value: String.self, view: [Substring: Set<[UInt8]>].self)
    /// ```
    ///
    /// Get it once, when the processor is made.
    ///
    /// - Parameters:
    ///   - name: the index's name.
    ///   - key: the type of the store's keys.
    ///   - value: the type of the store's values.
    ///   - view: the type of the index's views.
    /// - Throws: `StreamsError` with code `.invalidTopology` if the processor is connected to no store that has such an index.
    public func index<Key, Value, View: Sendable>(
        _ name: String, key: Key.Type, value: Value.Type, view: View.Type
    ) throws -> TaskIndex<Key, Value, View> {
        try node.task.index(name, among: node.storeNames, for: node.name)
    }
}

extension ProcessorTask {
    /// Returns an index of a store to which an operator is connected, or of a global table.
    ///
    /// - Throws: `StreamsError` with code `.invalidTopology` if there is none with these types.
    @usableFromInline
    func index<Key, Value, View: Sendable>(
        _ name: String, among stores: [String], for node: String
    ) throws -> TaskIndex<Key, Value, View> {
        let store = try store(withIndex: name, among: stores, for: node)
        guard let types = store.plan.types, types == StoreTypes(Key.self, Value.self) else {
            let found = store.plan.types?.description ?? "unknown types"
            throw StreamsError(
                .invalidTopology,
                "the index \(name) is of a store with \(found), but is asked for \(StoreTypes(Key.self, Value.self))",
                node: node)
        }
        let index = TaskIndex<Key, Value, View>(name, in: store)
        onClose { index.close() }
        return index
    }
}
