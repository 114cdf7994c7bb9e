package import Millrace

/// The sub-topology and the partition that a task is for. Kafka: `TaskId`.
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

/// Opens the stores of tasks on disk. One folder a task, which only one task of one process has open at a time.
package protocol StoreProvider: AnyObject {
    /// Takes possession of a task's folder.
    func lock(_ task: TaskID) throws
    /// Prepares for opening the stores of tasks: makes sure that all of them can be open together, and may open them now, several
    /// at once.
    ///
    /// - Parameters:
    ///   - stores: the stores of each of the tasks that the caller is going to lock; they take the place of those that the same
    ///     caller named before.
    ///   - caller: the worker.
    /// - Throws: where the system does not allow for so many.
    func prepareToOpen(_ stores: [TaskID: [StorePlan]], for caller: ObjectIdentifier) throws
    /// Opens the engine of a store in it: the provider's own, or the one that the store's supplier makes.
    func open(_ store: StorePlan, of task: TaskID) throws -> any StorageEngine
    /// Where a store of the user's may keep what it likes; `nil` where nothing is kept on disk.
    func directory(of store: StorePlan, of task: TaskID) throws -> String?
    /// Gives the folder up; all its stores are closed.
    func unlock(_ task: TaskID)
}

extension StoreProvider {
    package func directory(of store: StorePlan, of task: TaskID) throws -> String? { nil }

    package func prepareToOpen(_ stores: [TaskID: [StorePlan]], for caller: ObjectIdentifier) throws {}
}

/// The time of day and the time that has passed.
package protocol Clock: AnyObject {
    /// Milliseconds since the epoch.
    func wallClockMs() -> Int64
    /// Milliseconds since some moment, never going back.
    func monotonicMs() -> Int64
}

extension Clock {
    /// The time for intervals: nobody sets it back.
    package var monotonic: Moment { Moment(ms: monotonicMs()) }
}
