package import Millrace
package import MillraceEngine

/// A state directory in memory, with stores that behave as those on disk do. When a store is opened again, it has what was
/// flushed and nothing else.
///
/// To simulate a kill of the process, release the instance's objects and call ``crash()``.
package final class MemoryStateDirectory: StoreProvider {
    private var disks: [TaskID: [String: MemoryEngine.Disk]] = [:]
    private var locked: Set<TaskID> = []

    package init() {}

    /// - Throws: ``StreamsError`` with `.locked` while the task is locked.
    package func lock(_ task: TaskID) throws {
        guard locked.insert(task).inserted else {
            throw StreamsError(.locked, "the task is in use", task: task.description)
        }
    }

    /// - Throws: ``StreamsError`` with `.illegalState` if the task is not locked.
    package func open(_ store: StorePlan, of task: TaskID) throws -> any StorageEngine {
        guard locked.contains(task) else {
            throw StreamsError(.illegalState, "the task is not locked", task: task.description)
        }
        if case .custom(let open)? = store.supplier?.choice { return try store.engine(from: open, of: task, in: nil) }
        let disk = disks[task]?[store.name] ?? MemoryEngine.Disk()
        disks[task, default: [:]][store.name] = disk
        return MemoryEngine(on: disk)
    }

    package func unlock(_ task: TaskID) { locked.remove(task) }

    /// Releases the locks of all tasks, as the end of the process does.
    package func crash() { locked.removeAll() }
}

/// The engine of a ``MemoryStateDirectory``.
package final class MemoryEngine: StorageEngine {
    /// The contents that survive a crash.
    fileprivate final class Disk {
        var entries: [[UInt8]: [UInt8]] = [:]
    }

    private let disk: Disk
    private var entries: [[UInt8]: [UInt8]]
    private var isOpen = true

    fileprivate init(on disk: Disk) {
        self.disk = disk
        entries = disk.entries
    }

    package func withValue(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        try checkOpen()
        guard let value = entries[Array(key)] else { return try body(nil) }
        try value.withUnsafeBytes(body)
    }

    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try checkOpen()
        let found = entries.filter { entry in
            !(lower.map { entry.key.lexicographicallyPrecedes($0) } ?? false)
                && (upper.map { entry.key.lexicographicallyPrecedes($0) } ?? true)
        }
        let sorted = found.sorted { left, right in
            reversed ? right.key.lexicographicallyPrecedes(left.key) : left.key.lexicographicallyPrecedes(right.key)
        }
        for (key, value) in sorted {
            let continues = try key.withUnsafeBytes { key in try value.withUnsafeBytes { try body(key, $0) } }
            guard continues else { return }
        }
    }

    package func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?) throws {
        try checkOpen()
        if let bound { entries = entries.filter { !$0.key.lexicographicallyPrecedes(bound) } }
        for write in writes { entries[Array(write.key)] = write.value.map { Array($0) } }
    }

    package func flush() throws {
        try checkOpen()
        disk.entries = entries
    }

    package func removeAll() throws {
        try checkOpen()
        entries = [:]
        disk.entries = entries
    }

    package func close() { isOpen = false }

    private func checkOpen() throws {
        guard isOpen else { throw StreamsError(.illegalState, "the store is closed") }
    }
}
