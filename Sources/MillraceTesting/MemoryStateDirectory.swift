package import Millrace
package import MillraceEngine

/// A state directory in memory, with stores that behave as those on disk do: what was flushed is there when a store is opened
/// again, what was not is gone.
///
/// Letting an instance's objects go and calling ``crash()`` is its process being killed.
package final class MemoryStateDirectory: StoreProvider {
    private var disks: [TaskID: [String: MemoryPersistentStore.Disk]] = [:]
    private var locked: Set<TaskID> = []

    package init() {}

    /// - Throws: ``StreamsError`` with `.locked` while the task is locked.
    package func lock(_ task: TaskID) throws {
        guard locked.insert(task).inserted else {
            throw StreamsError(.locked, "the task is in use", task: task.description)
        }
    }

    /// - Throws: ``StreamsError`` with `.illegalState` if the task is not locked.
    package func open(_ store: StorePlan, of task: TaskID) throws -> any PersistentStore {
        guard locked.contains(task) else {
            throw StreamsError(.illegalState, "the task is not locked", task: task.description)
        }
        let disk = disks[task]?[store.name] ?? MemoryPersistentStore.Disk()
        disks[task, default: [:]][store.name] = disk
        return MemoryPersistentStore(on: disk)
    }

    package func unlock(_ task: TaskID) { locked.remove(task) }

    /// Ends the possession of every task, as the end of the process does.
    package func crash() { locked.removeAll() }
}

/// A store of a ``MemoryStateDirectory``.
package final class MemoryPersistentStore: PersistentStore {
    fileprivate struct Contents {
        var entries: [[UInt8]: [UInt8]] = [:]
        var position: Int64?
        var positions: [Int32: Int64] = [:]
    }

    /// What survives.
    fileprivate final class Disk {
        var contents = Contents()
    }

    private let disk: Disk
    private var contents: Contents
    private var isOpen = true

    fileprivate init(on disk: Disk) {
        self.disk = disk
        contents = disk.contents
    }

    package func withValue(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        try checkOpen()
        guard let value = contents.entries[Array(key)] else { return try body(nil) }
        try value.withUnsafeBytes(body)
    }

    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try checkOpen()
        let found = contents.entries.filter { entry in
            !(lower.map { entry.key.lexicographicallyPrecedes($0) } ?? false)
                && (upper.map { entry.key.lexicographicallyPrecedes($0) } ?? true)
        }
        for (key, value) in found.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let goesOn = try key.withUnsafeBytes { key in try value.withUnsafeBytes { try body(key, $0) } }
            guard goesOn else { return }
        }
    }

    package func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?, position: Int64?) throws {
        try checkOpen()
        if let bound { contents.entries = contents.entries.filter { !$0.key.lexicographicallyPrecedes(bound) } }
        for write in writes { contents.entries[Array(write.key)] = write.value.map { Array($0) } }
        if let position { contents.position = position }
    }

    package func position() throws -> Int64? {
        try checkOpen()
        return contents.position
    }

    package func setPositions(_ positions: [Int32: Int64]) throws {
        try checkOpen()
        contents.positions.merge(positions) { $1 }
    }

    package func positions() throws -> [Int32: Int64] {
        try checkOpen()
        return contents.positions
    }

    package func flush() throws {
        try checkOpen()
        disk.contents = contents
    }

    package func removeAll() throws {
        try checkOpen()
        contents = Contents()
        disk.contents = contents
    }

    package func close() { isOpen = false }

    private func checkOpen() throws {
        guard isOpen else { throw StreamsError(.illegalState, "the store is closed") }
    }
}
