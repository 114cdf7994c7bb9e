public import Millrace

/// A custom engine as a user might write it: an array that is kept sorted, and a disk with the flushed entries. It uses only
/// public API.
public final class SortedArray: StorageEngine {
    public struct Closed: Error {}
    public struct Full: Error {
        public init() {}
    }

    fileprivate typealias Entry = (key: [UInt8], value: [UInt8])

    /// The data that outlives the engine. A disk belongs to one thread.
    public final class Disk {
        fileprivate var entries: [Entry] = []
        /// Whether the disk refuses writes because it is full.
        public var isFull = false
        /// The number of entries that scans have visited.
        public var visits = 0

        public init() {}
    }

    /// The disks of the tasks' stores by task and name, for the engines that a supplier makes.
    // Sendable, because only the thread of a test's driver uses it.
    public final class Disks: @unchecked Sendable {
        private var disks: [String: Disk] = [:]

        public init() {}

        public func disk(of place: StorePlace) -> Disk {
            let name = "\(place.taskID)/\(place.store)"
            let disk = disks[name] ?? Disk()
            disks[name] = disk
            return disk
        }

        public var all: [Disk] { disks.sorted { $0.key < $1.key }.map(\.value) }
    }

    private let disk: Disk
    private var entries: [Entry]
    private var isOpen = true

    public init(on disk: Disk = Disk()) {
        self.disk = disk
        entries = disk.entries
    }

    private func index(of key: some Sequence<UInt8>) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key.lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func checkOpen() throws {
        guard isOpen else { throw Closed() }
    }

    public func withValue(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        try checkOpen()
        let index = index(of: key)
        guard index < entries.count, entries[index].key.elementsEqual(key) else { return try body(nil) }
        try entries[index].value.withUnsafeBytes(body)
    }

    public func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try checkOpen()
        let (start, end) = (lower.map(index) ?? 0, upper.map(index) ?? entries.count)
        for step in 0..<max(0, end - start) {
            let entry = entries[reversed ? end - 1 - step : start + step]
            disk.visits += 1
            let goesOn = try entry.key.withUnsafeBytes { key in try entry.value.withUnsafeBytes { try body(key, $0) } }
            if !goesOn { return }
        }
    }

    public func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?) throws {
        try checkOpen()
        if disk.isFull { throw Full() }
        if let bound { entries.removeFirst(index(of: bound)) }
        for write in writes {
            let index = index(of: write.key)
            let isThere = index < entries.count && entries[index].key.elementsEqual(write.key)
            switch (write.value, isThere) {
            case (nil, true): entries.remove(at: index)
            case (nil, false): break
            case (let value?, true): entries[index].value = Array(value)
            case (let value?, false): entries.insert((Array(write.key), Array(value)), at: index)
            }
        }
    }

    public func flush() throws {
        try checkOpen()
        disk.entries = entries
    }

    public func removeAll() throws {
        try checkOpen()
        entries = []
        disk.entries = []
    }

    public func close() { isOpen = false }
}

extension StoreSupplier {
    /// A supplier of stores with sorted arrays, on disks that a test keeps.
    public static func sortedArrays(on disks: SortedArray.Disks = SortedArray.Disks()) -> StoreSupplier {
        StoreSupplier { place in SortedArray(on: disks.disk(of: place)) }
    }
}
