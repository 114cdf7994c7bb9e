package import Logging
package import Millrace

/// The stores of a task, without its operators and its input. They are all that a standby has, and the active task continues with
/// them.
///
/// It belongs to one worker and its thread. Kafka: `ProcessorStateManager`, and `StandbyTask` for a standby.
package final class TaskState {
    package let id: TaskID
    package let stores: [TaskStore]
    let environment: TaskEnvironment
    let configuration: TaskConfiguration
    let logger: Logger
    private let provider: (any StoreProvider)?
    /// The registry in which queries find the task's stores, and the number of requests that the task has met.
    private var localStores: LocalStores?
    private var followedWishes = 0
    private var isStandby = false

    /// Opens the stores. If there are any, it takes possession of the task's folder.
    ///
    /// - Parameters:
    ///   - producer: the producer that writes to changelogs.
    ///   - provider: opens stores on disk; without one all are kept in memory.
    ///   - clock: the clock of wall-clock punctuations.
    ///   - observer: is told what the operators do with each record; none by default.
    ///   - keptTimes: the names of the times that the task's operators keep, as ``Topology/keptTimes(of:)`` gives them.
    package init(
        id: TaskID, stores plans: [StorePlan], keptTimes: [String], configuration: TaskConfiguration,
        producer: any SenderPort, provider: (any StoreProvider)?, clock: any WallClock,
        observer: (any NodeObserver)? = nil, logger: Logger
    ) throws {
        self.id = id
        self.configuration = configuration
        self.provider = provider
        var logger = logger
        logger[metadataKey: "task"] = "\(id)"
        self.logger = logger
        environment = TaskEnvironment(
            id: id, applicationID: configuration.applicationID, producer: producer, handlers: configuration.handlers,
            clock: clock, emitIntervalMs: configuration.emitIntervalMs, keptTimes: keptTimes,
            plannedCounts: configuration.partitionCounts, observer: observer, logger: logger)
        stores = try TaskStore.open(
            plans, of: id, configuration: configuration, environment: environment, provider: provider)
        for store in stores { environment.stores[store.plan.name] = store }
    }

    /// Returns a store as operators use it, for tests.
    package func store(named name: String) -> OperatorStore? { environment.stores[name]?.access }

    // MARK: Disk

    /// The memory of committed and uncommitted changes that are not on disk yet.
    package var dirtySizeInBytes: Int { stores.reduce(0) { $0 + $1.dirtySizeInBytes } }

    /// Whether a store has changed but nothing of it has been made durable yet.
    var awaitsFirstCheckpoint: Bool { stores.contains(where: \.awaitsFirstCheckpoint) }

    /// Writes a checkpoint of the stores. Call it only right after a commit.
    package func checkpoint(durably: Bool) throws {
        for store in stores { try store.checkpoint(durably: durably) }
    }

    /// Deletes the contents of the stores, as the loss of the disk does.
    package func wipe() throws {
        for store in stores { try store.wipe() }
    }

    /// Deletes the contents of one store, before it is restored from its changelog's beginning.
    func wipe(_ store: TaskStore) throws {
        try store.wipe()
        if isStandby { localStores?.closed(id, store.plan.name) }
        followedWishes = 0
        localStores?.lookAgain()
    }

    /// Closes the stores without a checkpoint and releases the task's folder.
    package func close() {
        for store in stores {
            localStores?.closed(id, store.plan.name)
            localStores?.setIndexes(nil, of: id, store.plan.name)
        }
        for store in stores { store.close() }
        if !stores.isEmpty { provider?.unlock(id) }
    }

    /// Takes the progress of the active task's operators from the metadata of a committed offset.
    func recordProgress(of metadata: String) {
        guard let metadata = OffsetMetadata.decode(metadata, names: environment.keptTimeNames) else { return }
        recordProgress(metadata)
    }

    /// Reduces the stores to the entries that the operators have not forwarded yet.
    func recordProgress(_ metadata: OffsetMetadata) {
        for store in stores {
            if let closedMs = metadata.processorTimesMs[store.plan.name] { store.recordClosed(untilMs: closedMs) }
        }
    }

    // MARK: Indexes

    /// Whether a store has indexes.
    var hasIndexes: Bool { stores.contains { !$0.plan.indexes.isEmpty } }

    /// Publishes what the stores' indexes have by now without a commit.
    func refreshIndexesIfWanted() {
        for store in stores { store.refreshIndexesIfWanted() }
    }

    // MARK: Queries

    /// Announces the task's stores to those who query them.
    ///
    /// - Parameter isStandby: whether the stores are announced only to those who accept that they lag behind.
    package func announce(to localStores: LocalStores, isStandby: Bool = false) {
        self.localStores = localStores
        self.isStandby = isStandby
        followedWishes = 0
        localStores.lookAgain()
        for store in stores {
            if !isStandby { localStores.opened(id, store.plan.name) }
            if let indexes = store.publishedIndexes { localStores.setIndexes(indexes, of: id, store.plan.name) }
        }
    }

    /// Makes the stores queryable that somebody wants to query. Call it only when everything in them is committed and, except for a
    /// standby, when they are restored.
    ///
    /// - Parameter commit: the committed position of the task's input; `nil` for a standby.
    package func followWantedStores(at commit: Position? = nil) throws {
        guard let localStores else { return }
        followedWishes = localStores.wishCount
        for store in stores where localStores.isWanted(store.plan.name) {
            guard let signal = localStores.signal(of: store.plan.name) else { continue }
            let view = try store.follow(at: commit, signal: signal)
            localStores.follow(id, store.plan.name, by: view, isStandby: isStandby)
        }
    }

    /// Whether stores of the task are requested that cannot be queried yet.
    package var hasStoresToFollow: Bool {
        guard let localStores, localStores.wishCount != followedWishes else { return false }
        let isWanted = stores.contains { localStores.isWanted($0.plan.name) }
        if !isWanted { followedWishes = localStores.wishCount }
        return isWanted
    }

    // MARK: Figures

    /// The positions of complete stores in their changelogs.
    package var storePositions: [StoreLag] {
        stores.compactMap { store in
            guard store.changelog != nil else { return nil }
            let position = store.position ?? 0
            return StoreLag(
                store: store.plan.name, partition: id.partition, currentOffset: position, endOffset: position)
        }
    }

    /// The calls of the engine of each store that has one, since it was opened.
    var engineTimes: [String: EngineTimes] {
        stores.reduce(into: [:]) { times, store in times[store.plan.name] = store.engineTimes }
    }

    /// Whether there are counts since they were last taken.
    var hasCounts: Bool { !environment.counts.isZero }

    /// Returns the counts since the last call.
    package func takeCounts() -> TaskCounts {
        defer { environment.counts = TaskCounts() }
        return environment.counts
    }

    func countRestored(_ count: Int) { environment.counts.restored += count }
    func countUpdated(_ count: Int) { environment.counts.updated += count }
}
