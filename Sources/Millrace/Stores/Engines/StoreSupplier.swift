/// A choice of the engine that keeps a store's entries. Kafka: `StoreSupplier`, `DslStoreSuppliers`.
///
/// A module with a custom engine offers it like this:
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
        case custom(@Sendable (StorageEngineContext) throws -> any StorageEngine)
    }

    package let choice: Choice

    /// Makes a supplier of a custom engine.
    ///
    /// - Parameter open: opens the engine of one store of one task, and creates it if there is none. It is called when the
    ///   task is made, and again when the task is made again after an aborted transaction or a rebalance; the earlier engine
    ///   is closed by then.
    public init(_ open: @escaping @Sendable (StorageEngineContext) throws -> any StorageEngine) {
        choice = .custom(open)
    }

    private init(_ choice: Choice) { self.choice = choice }

    /// The instance's default engine, and the default: RocksDB in an application; in a test driver the one that its
    /// `storage` names.
    public static let rocksDB = StoreSupplier(.ofInstance)

    /// No engine: the store is only in the buffer of the task's writes, and is restored from the changelog at each start.
    public static let inMemory = StoreSupplier(.memory)
}

/// The store for which an engine is opened.
public struct StorageEngineContext: Sendable {
    /// The store's name.
    public let store: String
    /// The task, as `<sub-topology>_<partition>`; `global` for a store that all tasks read.
    public let taskID: String
    /// An existing directory for this store alone; `nil` if the instance keeps nothing on disk, as a test driver does.
    ///
    /// It stays with the task: the task's next owner on this machine gets the same one.
    public let directory: String?

    package init(store: String, taskID: String, directory: String?) {
        self.store = store
        self.taskID = taskID
        self.directory = directory
    }
}
