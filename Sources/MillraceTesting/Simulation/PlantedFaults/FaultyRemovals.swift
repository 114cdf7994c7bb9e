import Millrace
import MillraceEngine

extension PlantedFault {
    // If the commit were lost and known to be lost, the next owner would process the same records again, as after any other lost
    // commit: with transactions that is no fault.
    package static let loseLastCommit = PlantedFault(
        "the last commit of a removed worker is lost, and its stores are checkpointed as if it had been made",
        wrapPorts: { ports, worker in
            ports.wrapProducers { LosingProducer($0, isBeingRemoved: worker.isBeingRemoved) }
        })

    package static let keepLocks = PlantedFault(
        "a removed worker keeps its tasks' folders locked",
        wrapPorts: { ports, worker in
            ports.provider = ports.provider.map { LockingStores($0, isBeingRemoved: worker.isBeingRemoved) }
        })
}

/// Loses the commit with which a removed worker closes, and reports it as made.
final class LosingProducer: ProducerDecorator {
    private let isBeingRemoved: () -> Bool

    init(_ inner: any ProducerPort, isBeingRemoved: @escaping () -> Bool) {
        self.isBeingRemoved = isBeingRemoved
        super.init(inner)
    }

    override func commitTransaction(
        offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset], group: GroupMetadata
    ) throws(PortError) {
        if isBeingRemoved() { return try abortTransaction() }
        try super.commitTransaction(offsets: offsets, group: group)
    }
}

/// Does not release the folders of a removed worker's tasks.
final class LockingStores: StoreProvider {
    private let inner: any StoreProvider
    private let isBeingRemoved: () -> Bool

    init(_ inner: any StoreProvider, isBeingRemoved: @escaping () -> Bool) {
        self.inner = inner
        self.isBeingRemoved = isBeingRemoved
    }

    func lock(_ task: TaskID) throws { try inner.lock(task) }

    func prepareToOpen(_ stores: [TaskID: [StorePlan]], for caller: ObjectIdentifier) throws {
        try inner.prepareToOpen(stores, for: caller)
    }

    func open(_ store: StorePlan, of task: TaskID) throws -> any StorageEngine { try inner.open(store, of: task) }

    func directory(of store: StorePlan, of task: TaskID) throws -> String? {
        try inner.directory(of: store, of: task)
    }

    func directory(of index: StoreIndexPlan, of store: StorePlan, of task: TaskID) throws -> String? {
        try inner.directory(of: index, of: store, of: task)
    }

    func removeIndexes(of store: StorePlan, of task: TaskID, exceptFor names: Set<String>) throws {
        try inner.removeIndexes(of: store, of: task, exceptFor: names)
    }

    func unlock(_ task: TaskID) {
        if !isBeingRemoved() { inner.unlock(task) }
    }
}
