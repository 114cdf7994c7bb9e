package import FoundationEssentials
package import Logging
package import Millrace
package import MillraceEngine
package import RocksDB
import Synchronization

/// The folder in which an instance of an application keeps its tasks' stores.
///
/// ```
/// <state directory>/<application id>/.lock                            held while the instance runs
///                                    millrace-process-metadata        the instance's id
///                                    .discarded/                      what is being deleted
///                                    <sub-topology>_<partition>/rocksdb/<store>/
///                                    <sub-topology>_<partition>/own/<store>/     engines and stores of the user's
///                                    global/rocksdb/<store>/          the global tables
/// ```
///
/// The layout is that of Kafka Streams' `StateDirectory` and `RocksDBStore`. The whole folder belongs to one process at a time,
/// through a lock that ends with the process; within it each task's folder belongs to one worker at a time. Directories are created
/// so that only the user can read them.
///
/// Thread-safe; each worker locks its tasks itself.
package final class StateDirectory: StoreProvider, Sendable {
    /// The application's folder.
    package let path: String
    /// The id that tells this instance from others, also after a restart. Kafka: the process id in
    /// `kafka-streams-process-metadata`.
    package let processID: UUID
    let logger: Logger
    let discards: DiscardFolder
    private let options: RocksDBStoreOptions
    private let memory: SharedMemory
    private let statistics: Statistics?
    private let databases = DatabaseList()
    let possession: Mutex<Possession>

    struct Possession {
        /// `nil` once closed.
        var lock: DirectoryLock?
        /// The tasks that a worker owns, or whose folder is being removed.
        var tasks: Set<TaskID> = []
        /// The number of databases that are about to be opened, for each worker and task.
        var expected: [ObjectIdentifier: [TaskID: Int]] = [:]
        /// Databases that are open although no worker has asked for them yet. Their tasks are among ``tasks``.
        var openedAhead: [TaskID: OpenedAhead] = [:]
    }

    /// Takes possession of an application's folder. A folder that does not exist is created.
    ///
    /// - Parameters:
    ///   - root: the state directory, which several applications may share.
    ///   - memory: the memory that the stores' databases share; by default a new budget for this directory, as `options` say.
    /// - Throws: ``StreamsError`` with `.stateStore`: another process owns the folder, or it cannot be written; with
    ///   `.configuration`: the application's id cannot be a folder's name, or the options are wrong.
    package init(
        _ root: String, applicationID: String, options: RocksDBStoreOptions = RocksDBStoreOptions(),
        memory: SharedMemory? = nil, logger: Logger
    ) throws(StreamsError) {
        guard !root.isEmpty, !root.utf8.contains(0), Self.isName(applicationID) else {
            throw StreamsError(
                .configuration, "\"\(root)\" with \"\(applicationID)\" makes no path for a state directory")
        }
        path = (root == "/" ? "" : root.hasSuffix("/") ? String(root.dropLast()) : root) + "/" + applicationID
        self.logger = logger
        self.options = options
        statistics = options.recordsStatistics ? Statistics() : nil
        do throws(RocksDBError) {
            self.memory = if let memory { memory } else { try options.makeMemory() }
        } catch {
            throw StreamsError(.configuration, "the memory of the stores: \(error.message)", underlying: error)
        }
        try StateFiles.createDirectory(path)
        possession = Mutex(Possession(lock: try DirectoryLock(path)))
        processID = try ProcessMetadata.processID(in: path, logger: logger)
        discards = DiscardFolder(path: path + "/.discarded")
        discards.empty(logger: logger)
    }

    /// Makes the caller the owner of a task.
    ///
    /// - Throws: ``StreamsError`` with `.locked` while another worker of this process owns it: the caller should retry.
    package func lock(_ task: TaskID) throws {
        if !possession.withLock({ $0.openedAhead[task]?.handOver() ?? false }) { try take(task) }
        StateFiles.touch(folder(of: task))
    }

    /// Opens a store of a task that the caller has locked. A store that does not exist is created.
    ///
    /// - Throws: ``StreamsError`` with `.stateStore`: see ``RocksDBEngine``; with `.illegalState`: the task is not locked.
    package func open(_ store: StorePlan, of task: TaskID) throws -> any StorageEngine {
        if case .custom(let open)? = store.supplier?.choice {
            return try store.engine(from: open, of: task, in: directory(of: store, of: task))
        }
        if let engine = possession.withLock({ $0.openedAhead[task]?.take(store.name) }) { return engine.engine }
        return try engine(at: location(of: store, of: task))
    }

    /// The metrics of the open databases and of their memory.
    var metrics: StateMetrics {
        StateMetrics(
            databases: databases.metrics, blockCacheCapacityInBytes: memory.blockCacheSizeInBytes,
            blockCacheUsageInBytes: memory.blockCacheUsageInBytes,
            writeBufferCapacityInBytes: memory.writeBufferSizeInBytes,
            writeBufferUsageInBytes: memory.writeBufferUsageInBytes,
            accesses: statistics.map(StateMetrics.Accesses.init))
    }

    func location(of store: StorePlan, of task: TaskID) throws -> StoreLocation {
        StoreLocation(
            name: store.name, task: task, path: try path(of: store, of: task, in: "rocksdb"),
            isLogged: store.changelogTopic != nil || task == .global, discards: discards)
    }

    func engine(at location: StoreLocation) throws -> RocksDBEngine {
        try RocksDBEngine(
            at: location, options: options.databaseOptions(memory: memory, statistics: statistics), in: databases,
            logger: logger)
    }

    package func directory(of store: StorePlan, of task: TaskID) throws -> String? {
        let path = try path(of: store, of: task, in: "own")
        try StateFiles.createDirectory(path)
        return path
    }

    package func directory(of index: StoreIndexPlan, of store: StorePlan, of task: TaskID) throws -> String? {
        let path = try "\(path(of: store, of: task, in: Self.indexFolder))/\(index.name)"
        try StateFiles.createDirectory(path)
        return path
    }

    package func removeIndexes(of store: StorePlan, of task: TaskID, exceptFor names: Set<String>) throws {
        let folder = try path(of: store, of: task, in: Self.indexFolder)
        for name in StateFiles.names(in: folder) where !names.contains(name) {
            try StateFiles.remove("\(folder)/\(name)")
        }
    }

    private static let indexFolder = "index"

    private func path(of store: StorePlan, of task: TaskID, in folder: String) throws(StreamsError) -> String {
        guard possession.withLock({ $0.tasks.contains(task) }) else {
            throw StreamsError(
                .illegalState, "store \(store.name) opened without a lock on its task", task: task.description)
        }
        guard Self.isName(store.name) else {
            throw StreamsError(
                .stateStore, "\"\(store.name)\" is no name for a store's folder", task: task.description)
        }
        return "\(self.folder(of: task))/\(folder)/\(store.name)"
    }

    /// Releases a task; its stores must be closed.
    package func unlock(_ task: TaskID) {
        possession.withLock { $0.openedAhead.removeValue(forKey: task) }?.close()
        StateFiles.touch(folder(of: task))
        release(task)
    }

    /// Releases the folder to other processes; every task must have been unlocked. Deallocating the directory does the same.
    package func close() {
        possession.withLock { $0.lock = nil }
    }

    /// Returns the folder of a task.
    func folder(of task: TaskID) -> String { "\(path)/\(task)" }

    func take(_ task: TaskID) throws(StreamsError) {
        try possession.withLock { possession throws(StreamsError) in
            guard possession.lock != nil else {
                throw StreamsError(.illegalState, "the state directory \(path) is closed", task: task.description)
            }
            guard possession.tasks.insert(task).inserted else {
                throw StreamsError(
                    .locked, "\(folder(of: task)) is still in use by another worker", task: task.description)
            }
            for worker in possession.expected.keys { possession.expected[worker]?[task] = nil }
        }
    }

    func release(_ task: TaskID) {
        possession.withLock { _ = $0.tasks.remove(task) }
    }

    /// Whether a text can be the name of a folder.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".." && !text.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
    }
}
