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

/// A write to a store: a key with its new value, or with `nil` to delete it.
package struct StoreWrite {
    package var key: UnsafeRawBufferPointer
    package var value: UnsafeRawBufferPointer?

    package init(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        self.key = key
        self.value = value
    }
}

/// A store on disk, below the transaction buffer: a prefix of its changelog.
package protocol PersistentStore: ScannableStore {
    /// Calls `body` with the value of a key, or with `nil`; the bytes are valid only during the call.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// Deletes every key below a bound, then applies writes and the changelog position that they reach, all or nothing.
    func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?, position: Int64?) throws

    /// The changelog position that the store stands at; `nil` for an empty store.
    func position() throws -> Int64?

    /// Notes up to where each of several partitions is in the store; it keeps those of other partitions.
    func setPositions(_ positions: [Int32: Int64]) throws

    /// The positions in several partitions; none for an empty store.
    func positions() throws -> [Int32: Int64]

    /// Makes everything applied so far survive the end of the process.
    func flush() throws

    /// Deletes everything, position included.
    func removeAll() throws

    func close()
}

extension PersistentStore {
    /// Applies writes and the changelog position that they reach, all or nothing.
    package func apply(_ writes: [StoreWrite], position: Int64?) throws {
        try apply(writes, droppingBelow: nil, position: position)
    }
}

/// Opens the stores of tasks on disk. One folder a task, which only one task of one process has open at a time.
package protocol StoreProvider: AnyObject {
    /// Takes possession of a task's folder.
    func lock(_ task: TaskID) throws
    /// Opens a store in it.
    func open(_ store: StorePlan, of task: TaskID) throws -> any PersistentStore
    /// Gives the folder up; all its stores are closed.
    func unlock(_ task: TaskID)
}

/// The time of day and the time that has passed.
package protocol Clock: AnyObject {
    /// Milliseconds since the epoch.
    func wallClockMs() -> Int64
    /// Milliseconds since some moment, never going back.
    func monotonicMs() -> Int64
}
