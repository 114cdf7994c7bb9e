import ClusterCore
import Millrace
import MillraceEngine

/// A process's disk: writes to it are moments at which the process can be killed, and no store may get ahead of what its
/// changelog has committed.
final class SimulatedStores: StoreProvider {
    private let directory: MemoryStateDirectory
    private let world: SimulatedWorld
    private let process: SimulatedProcess
    private let applicationID: String

    init(directory: MemoryStateDirectory, world: SimulatedWorld, process: SimulatedProcess, applicationID: String) {
        self.directory = directory
        self.world = world
        self.process = process
        self.applicationID = applicationID
    }

    func lock(_ task: TaskID) throws { try directory.lock(task) }

    func open(_ store: StorePlan, of task: TaskID) throws -> any PersistentStore {
        let changelog = store.changelogTopic.map {
            ClusterCore.TopicPartition($0.resolved(applicationID: applicationID), task.partition)
        }
        return SimulatedStore(
            try directory.open(store, of: task), world: world, process: process,
            name: "\(store.name) of task \(task)", changelog: changelog)
    }

    func unlock(_ task: TaskID) {
        if !process.isDead { directory.unlock(task) }
    }
}

private final class SimulatedStore: PersistentStore {
    private let inner: any PersistentStore
    private let world: SimulatedWorld
    private let process: SimulatedProcess
    private let name: String
    private let changelog: ClusterCore.TopicPartition?

    init(
        _ inner: any PersistentStore, world: SimulatedWorld, process: SimulatedProcess, name: String,
        changelog: ClusterCore.TopicPartition?
    ) {
        self.inner = inner
        self.world = world
        self.process = process
        self.name = name
        self.changelog = changelog
    }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try inner.withValue(forKey: key, body)
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try inner.scan(from: lower, to: upper, body)
    }

    func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?, position: Int64?) throws {
        try world.interrupt(process, at: "a write to \(name)")
        if let position, let changelog, let offsets = try? world.cluster.offsets(of: changelog),
            position > offsets.highWatermark
        {
            world.violate("\(name) is at \(position), ahead of its changelog at \(offsets.highWatermark)")
        }
        try inner.apply(writes, droppingBelow: bound, position: position)
    }

    func position() throws -> Int64? { try inner.position() }

    func setPositions(_ positions: [Int32: Int64]) throws {
        try world.interrupt(process, at: "a write to \(name)")
        try inner.setPositions(positions)
    }

    func positions() throws -> [Int32: Int64] { try inner.positions() }

    func flush() throws {
        try world.interrupt(process, at: "a flush of \(name)")
        try inner.flush()
    }

    func removeAll() throws { try inner.removeAll() }

    func close() { inner.close() }
}
