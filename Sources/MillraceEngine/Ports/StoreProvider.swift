package import Millrace

/// The sub-topology and the partition of a task. Kafka: `TaskId`.
package struct TaskID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var subtopology: Int
    package var partition: Int32

    package init(subtopology: Int, partition: Int32) {
        self.subtopology = subtopology
        self.partition = partition
    }

    package var description: String { self == .global ? "global" : "\(subtopology)_\(partition)" }

    package static func < (left: TaskID, right: TaskID) -> Bool {
        (left.subtopology, left.partition) < (right.subtopology, right.partition)
    }
}

/// Opens the stores of tasks on disk. Each task has a folder, which only one task of one process has open at a time.
package protocol StoreProvider: AnyObject {
    /// Takes possession of a task's folder.
    func lock(_ task: TaskID) throws
    /// Prepares to open the stores of tasks: makes sure that all of them can be open together, and may open them now, several at
    /// once.
    ///
    /// - Parameters:
    ///   - stores: the stores of each of the tasks that the caller is going to lock. They replace those that the same caller named
    ///     before.
    ///   - caller: the worker.
    /// - Throws: an error if the system does not allow for so many.
    func prepareToOpen(_ stores: [TaskID: [StorePlan]], for caller: ObjectIdentifier) throws
    /// Opens the engine of a store in the task's folder: the provider's own, or the one that the store's supplier makes.
    func open(_ store: StorePlan, of task: TaskID) throws -> any StorageEngine
    /// Returns the directory for the files of a custom store; `nil` if nothing is kept on disk.
    func directory(of store: StorePlan, of task: TaskID) throws -> String?
    /// Returns the directory for the files of an index of a store; `nil` if nothing is kept on disk.
    func directory(of index: StoreIndexPlan, of store: StorePlan, of task: TaskID) throws -> String?
    /// Deletes the files of indexes that a store does not have any more: nobody would keep them up to date.
    func removeIndexes(of store: StorePlan, of task: TaskID, exceptFor names: Set<String>) throws
    /// Releases the folder. All its stores must be closed.
    func unlock(_ task: TaskID)
}

extension StoreProvider {
    package func directory(of store: StorePlan, of task: TaskID) throws -> String? { nil }

    package func directory(of index: StoreIndexPlan, of store: StorePlan, of task: TaskID) throws -> String? { nil }

    package func removeIndexes(of store: StorePlan, of task: TaskID, exceptFor names: Set<String>) throws {}

    package func prepareToOpen(_ stores: [TaskID: [StorePlan]], for caller: ObjectIdentifier) throws {}
}

/// The time of day and the time that has passed.
package protocol WallClock: AnyObject {
    /// Milliseconds since the epoch.
    func wallClockMs() -> Int64
    /// Milliseconds since an arbitrary moment; they never go back.
    func monotonicMs() -> Int64
    /// Nanoseconds since the same moment, for the measurement of short times.
    func monotonicNanoseconds() -> Int64
}

extension WallClock {
    /// The time for intervals: it is never set back.
    package var monotonic: Moment { Moment(ms: monotonicMs()) }

    package func monotonicNanoseconds() -> Int64 { monotonicMs() &* 1_000_000 }
}
