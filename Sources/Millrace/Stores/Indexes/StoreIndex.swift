/// An index of one partition of a store, which finds entries in another way than by their keys.
///
/// An index is derived: the store and its changelog hold everything, and an index that is lost or damaged is built again from
/// them. It gets the changes of each commit, so it never contains what was aborted, and it is read together with the store as of
/// the same commit.
///
/// The owning thread makes all calls; only the views are read on other threads. Kafka Streams has no equivalent.
public protocol StoreIndex: AnyObject, SendableMetatype {
    /// The index as of one commit, to be read on any thread. Later changes of the index must not show in it.
    associatedtype View: Sendable

    /// The position up to which the index has the store's changes, for an index that outlives the process; empty for a new one.
    ///
    /// It is a position in the store's changelog, or for a global table in its topic: the last one that was passed to
    /// ``commit(at:)`` before a ``checkpoint()``, or a later one.
    var position: Position { get }

    /// Applies a committed change of an entry. The bytes are valid during the call.
    ///
    /// Changes that the index has already may come again, in their order, after a crash.
    ///
    /// - Parameters:
    ///   - key: the entry's key, as the store's serde writes it.
    ///   - value: the value as the store's serde writes it; `nil` if the entry was deleted.
    /// - Throws: any `Error` that makes the index unusable. Its readers get it; the store and its task go on without the index.
    func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws

    /// Ends a commit: everything that was applied counts from now on.
    ///
    /// - Parameter position: the store's position; empty if it is not known.
    /// - Returns: the view of this commit. It should cost little, for there are many commits.
    /// - Throws: as ``apply(key:value:)``.
    func commit(at position: Position) throws -> View

    /// Whether ``commit(at:)`` should be called although nothing has changed: another thread has made something for the index, or files
    /// that could not be written should be tried again. The store's thread asks again and again, so it should take nanoseconds. `false`
    /// by default.
    var isCommitWanted: Bool { get }

    /// Makes the last commit survive the end of the process. It is called before the store does the same, so that an index on disk is
    /// never behind its store. Does nothing by default.
    ///
    /// - Throws: as ``apply(key:value:)``.
    func checkpoint() throws

    /// Replaces the whole contents by a store's entries, at once or in the background. A change that is applied later is as new as the
    /// entry of its key, or newer.
    ///
    /// - Parameter entries: the store's entries.
    /// - Throws: as ``apply(key:value:)``.
    func rebuild(from entries: StoreIndexEntries) throws

    /// Empties the index, including what it has on disk.
    ///
    /// - Throws: as ``apply(key:value:)``.
    func removeAll() throws

    /// Releases the index's resources; views that readers still have stay readable. Called once.
    func close()
}

extension StoreIndex {
    /// `false`.
    public var isCommitWanted: Bool { false }

    /// Does nothing.
    ///
    /// - Throws: no `Error`.
    public func checkpoint() throws {}
}

/// The entries of a store from which an index is built. They may be read on any thread, until the index is closed.
public struct StoreIndexEntries: Sendable {
    private let visit:
        @Sendable (_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool) throws ->
            Void

    package init(
        visit:
            @escaping @Sendable (
                _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
            ) throws -> Void
    ) {
        self.visit = visit
    }

    /// Calls a closure for each entry of the moment, in the order of the keys' bytes, until it returns `false`. The bytes are valid
    /// during the call.
    ///
    /// - Parameter body: gets a key and a value as the store's serdes write them; returns whether to go on.
    /// - Throws: what `body` throws; `StreamsError` if the store cannot be read, or has been closed.
    public func scan(
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try visit(body)
    }
}

/// The context in which an index of a store is opened.
public struct StoreIndexContext: Sendable {
    /// The index's name.
    public let index: String
    /// The store's name.
    public let store: String
    /// The task, as `<sub-topology>_<partition>`, or `global`.
    public let taskID: String
    /// The task's partition; −1 for a global table.
    public let partition: Int32
    /// An existing directory for this index alone; `nil` if the instance keeps nothing on disk, as a test driver does. Then the
    /// index does its work within its calls, so that a test sees the same each time.
    public let directory: String?

    package init(index: String, store: String, taskID: String, partition: Int32, directory: String?) {
        self.index = index
        self.store = store
        self.taskID = taskID
        self.partition = partition
        self.directory = directory
    }
}
