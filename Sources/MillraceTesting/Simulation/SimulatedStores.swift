import ClusterCore
import Millrace
import MillraceEngine

/// A process's disk. The process can be killed at any write to it, and no store may get ahead of the committed end of its
/// changelog.
final class SimulatedStores: StoreProvider {
    private let directory: MemoryStateDirectory
    private let world: SimulatedWorld
    private let process: SimulatedProcess
    private let applicationID: String
    private let indexes: SimulatedIndexDisk

    init(
        directory: MemoryStateDirectory, indexes: SimulatedIndexDisk, world: SimulatedWorld, process: SimulatedProcess,
        applicationID: String
    ) {
        self.directory = directory
        self.indexes = indexes
        self.world = world
        self.process = process
        self.applicationID = applicationID
    }

    func lock(_ task: TaskID) throws { try directory.lock(task) }

    func open(_ store: StorePlan, of task: TaskID) throws -> any StorageEngine {
        let changelog = store.changelogTopic.map {
            ClusterCore.TopicPartition($0.resolved(applicationID: applicationID), task.partition)
        }
        return SimulatedEngine(
            try directory.open(store, of: task), world: world, process: process,
            name: "\(store.name) of task \(task)", changelog: changelog,
            inputOf: store.sourceTopicAsChangelog == nil ? nil : applicationID, isIndexed: !store.indexes.isEmpty)
    }

    func directory(of index: StoreIndexPlan, of store: StorePlan, of task: TaskID) throws -> String? {
        world.indexes?.path(
            to: indexes.folder(of: index.name, of: store.name, of: task), named: "\(task)/\(store.name)/\(index.name)",
            for: process)
    }

    func unlock(_ task: TaskID) {
        if !process.isDead { directory.unlock(task) }
    }
}

private final class SimulatedEngine: StorageEngine {
    private let inner: any StorageEngine
    private let world: SimulatedWorld
    private let process: SimulatedProcess
    private let name: String
    private let changelog: ClusterCore.TopicPartition?
    /// The group that processes the changelog, if that is a source topic.
    private let groupID: String?
    /// Whether others than the task read the entries, for an index or for queries.
    private let isIndexed: Bool

    init(
        _ inner: any StorageEngine, world: SimulatedWorld, process: SimulatedProcess, name: String,
        changelog: ClusterCore.TopicPartition?, inputOf groupID: String?, isIndexed: Bool
    ) {
        self.isIndexed = isIndexed
        self.groupID = groupID
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
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try inner.scan(from: lower, to: upper, reversed: reversed, body)
    }

    func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?) throws {
        try world.interrupt(process, at: "a write to \(name)")
        if let position = StoreKeyLayout.position(in: writes), let changelog, let end = end(of: changelog),
            position > end
        {
            world.violate("\(name) is at \(position), ahead of its changelog at \(end)")
        }
        try inner.apply(writes, droppingBelow: bound)
        // Those who query the store see what is on disk at once.
        if isIndexed { try world.interruptWrite(process, at: "the end of a write to \(name)") }
    }

    /// The offset that a store may have reached at most: the end of its changelog, or the committed offset of a source topic.
    private func end(of changelog: ClusterCore.TopicPartition) -> Int64? {
        guard let groupID else { return (try? world.cluster.offsets(of: changelog))?.highWatermark }
        let found = world.cluster.fetchOffsets(groupID: groupID, partitions: [changelog], requireStable: true).first
        guard let found, found.error == .none else { return nil }
        return max(0, found.offset.offset)
    }

    func flush() throws {
        try world.interrupt(process, at: "a flush of \(name)")
        try inner.flush()
    }

    var reader: (any StorageReader)? { isIndexed ? SimulatedReader(inner) : nil }

    func removeAll() throws { try inner.removeAll() }

    func close() { inner.close() }
}
