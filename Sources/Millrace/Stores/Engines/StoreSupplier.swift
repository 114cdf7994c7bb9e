/// Which engine keeps a store's entries. Kafka: `StoreSupplier`, `DslStoreSuppliers`.
///
/// A module with an engine of its own offers it like this:
///
/// ```swift
/// extension StoreSupplier {
///     static func sortedArray() -> StoreSupplier { StoreSupplier { _ in SortedArray() } }
/// }
/// events.groupByKey().count(into: .store("counts").supplied(by: .sortedArray()))
/// ```
///
/// The same supplier serves stores of every kind: key-value, windows, sessions, versions.
public struct StoreSupplier: Sendable {
    package enum Choice: Sendable {
        case ofInstance
        case memory
        case own(@Sendable (StorePlace) throws -> any StorageEngine)
    }

    package let choice: Choice

    /// An engine of one's own.
    ///
    /// - Parameter open: opens the engine of one store of one task, creating it where there is none; called when the task is
    ///   made, and again when it is made anew after an aborted transaction or a rebalance, the engine before it closed by then.
    public init(_ open: @escaping @Sendable (StorePlace) throws -> any StorageEngine) { choice = .own(open) }

    private init(_ choice: Choice) { self.choice = choice }

    /// The instance's own engine: RocksDB in an application; in a test driver what its `storage` says. The default.
    public static let rocksDB = StoreSupplier(.ofInstance)

    /// No engine: the buffer of the task's writes is all there is, and is filled from the changelog at each start.
    public static let inMemory = StoreSupplier(.memory)
}

/// Which store an engine is opened for.
public struct StorePlace: Sendable {
    /// The store's name.
    public let store: String
    /// The task, as `<sub-topology>_<partition>`; `global` for a store that all tasks read.
    public let taskID: String
    /// A directory that exists, for this store alone; `nil` where the instance keeps nothing on disk, as a test driver does.
    ///
    /// It stays with the task: the task's next owner on this machine gets the same one.
    public let directory: String?

    package init(store: String, taskID: String, directory: String?) {
        self.store = store
        self.taskID = taskID
        self.directory = directory
    }
}
