import Logging
import Millrace

/// Opens the stores and the tasks of a worker.
final class TaskFactory {
    private let context: WorkerContext
    private let topics: TopicWatch
    private let committer: Committer
    private let offsets: InputOffsets

    init(_ context: WorkerContext, topics: TopicWatch, committer: Committer, offsets: InputOffsets) {
        self.context = context
        self.topics = topics
        self.committer = committer
        self.offsets = offsets
    }

    /// Prepares to open the stores of tasks together. If they cannot all be open, it throws before the first of them is opened.
    func prepareToOpen(_ ids: [TaskID]) throws {
        var stores: [TaskID: [StorePlan]] = [:]
        for id in ids { stores[id] = context.topology.subtopologies[id.subtopology].stores.filter(\.isOnDisk) }
        try context.ports.provider?.prepareToOpen(stores, for: ObjectIdentifier(self))
    }

    /// Releases room that this worker has reserved for stores and not used.
    func forgetExpectedStores() {
        do { try context.ports.provider?.prepareToOpen([:], for: ObjectIdentifier(self)) } catch {
            context.logger.debug("while closing: \(error)")
        }
    }

    /// Opens a task with its stores.
    ///
    /// - Parameter state: the stores if they are open already, as those of a standby are.
    func open(_ id: TaskID, over state: TaskState?) throws -> StreamTask {
        do {
            return try StreamTask(
                state ?? openStores(of: id), topology: context.topology,
                nodes: context.topology.subtopologies[id.subtopology].nodes, globalStores: context.ports.globalStores,
                partitions: topics.plan.inputs[id] ?? [])
        } catch let error as StreamsError where error.code == .locked {
            // Another worker of this process is about to close it.
            throw PortError(.retriable, error.description)
        }
    }

    /// Opens the stores of a task.
    ///
    /// - Throws: `StreamsError` with code `.locked` while another worker of this process owns the task.
    func openStores(of id: TaskID) throws -> TaskState {
        let (topology, configuration, ports) = (context.topology, context.configuration, context.ports)
        let subtopology = topology.subtopologies[id.subtopology]
        let storeCount = max(1, topics.plan.tasks.count * max(1, subtopology.stores.count))
        let share = configuration.stateCacheSizeInBytes()
        var settings = TaskConfiguration(
            applicationID: configuration.applicationID, handlers: configuration.handlers,
            maxStoreBufferSizeInBytes: max(1 << 20, share / storeCount),
            maxCacheSizeInBytes: share / 4 / storeCount)
        settings.maxOffsetMetadataLength = configuration.maxOffsetMetadataLength
        settings.partitionCounts = topics.plan.repartitionCounts
        settings.isWatched = configuration.isWatched
        let state = try TaskState(
            id: id, stores: subtopology.stores, keptTimes: topology.keptTimes(of: subtopology.nodes),
            configuration: settings, producer: committer.producer(), provider: ports.provider, clock: ports.clock,
            logger: context.logger)
        if let trace = ports.trace { state.environment.trace = TaskTrace(trace, task: id.description) }
        // State from a table's deleted topic does not belong to the new one.
        for store in state.stores where store.changelog.map(offsets.isRenewed) ?? false {
            try state.wipe(store)
        }
        return state
    }
}
