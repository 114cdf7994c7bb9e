package import Logging
package import Millrace

/// The stores of a task, without its operators and its input: all that there is of a task while it is a standby, and what it
/// goes on with when it becomes active.
///
/// Belongs to one worker and its thread. Kafka: `ProcessorStateManager`, and `StandbyTask` where nothing else is there.
package final class TaskState {
    package let id: TaskID
    package let stores: [TaskStore]
    let environment: TaskEnvironment
    let configuration: TaskConfiguration
    let logger: Logger
    private let provider: (any StoreProvider)?
    /// Where those who query stores meet the task, and how many of their wishes it has met.
    private var localStores: LocalStores?
    private var followedWishes = 0
    private var isStandby = false

    /// Opens the stores, and takes possession of the task's folder where there are any.
    ///
    /// - Parameters:
    ///   - producer: what changelogs are written to.
    ///   - provider: where stores on disk come from; without one all are kept in memory.
    ///   - clock: what punctuations on the wall clock go by.
    ///   - keptTimes: the names of the times that the task's operators keep, as ``Topology/keptTimes(of:)`` gives them.
    package init(
        id: TaskID, stores plans: [StorePlan], keptTimes: [String], configuration: TaskConfiguration,
        producer: any SenderPort, provider: (any StoreProvider)?, clock: any Clock, logger: Logger
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
            plannedCounts: configuration.partitionCounts, logger: logger)
        stores = try TaskStore.open(
            plans, of: id, configuration: configuration, environment: environment, provider: provider)
        for store in stores { environment.stores[store.plan.name] = store }
    }

    /// A store as operators reach it, for tests.
    package func store(named name: String) -> OperatorStore? { environment.stores[name]?.access }

    // MARK: Disk

    /// The memory of committed and uncommitted changes that are not on disk yet.
    package var dirtySizeInBytes: Int { stores.reduce(0) { $0 + $1.dirtySizeInBytes } }

    /// Whether a store has changed of which nothing has been made durable yet.
    var awaitsFirstCheckpoint: Bool { stores.contains(where: \.awaitsFirstCheckpoint) }

    /// Writes the stores down to disk. Only right after a commit.
    package func checkpoint(durably: Bool) throws {
        for store in stores { try store.checkpoint(durably: durably) }
    }

    /// Deletes what the stores hold, as the loss of the disk does.
    package func wipe() throws {
        for store in stores { try store.wipe() }
    }

    /// Deletes what one of the stores holds, before it is filled from its changelog's beginning.
    func wipe(_ store: TaskStore) throws {
        try store.wipe()
        if isStandby { localStores?.closed(id, store.plan.name) }
        followedWishes = 0
        localStores?.lookAgain()
    }

    /// Closes the stores, without writing anything down, and gives the task's folder up.
    package func close() {
        for store in stores { localStores?.closed(id, store.plan.name) }
        for store in stores { store.close() }
        if !stores.isEmpty { provider?.unlock(id) }
    }

    /// Takes over from the metadata of a committed offset how far the operators of the active task had got.
    func noteProgress(of metadata: String) {
        guard let metadata = OffsetMetadata.decode(metadata, names: environment.keptTimeNames) else { return }
        noteProgress(metadata)
    }

    /// Has the stores hold no more than what the operators have not handed on yet.
    func noteProgress(_ metadata: OffsetMetadata) {
        for store in stores {
            if let closedMs = metadata.processorTimesMs[store.plan.name] { store.noteClosed(untilMs: closedMs) }
        }
    }

    // MARK: Queries

    /// Tells those who query stores of the task's.
    ///
    /// - Parameter isStandby: whether only those are told who do not mind that the stores are behind.
    package func announce(to localStores: LocalStores, isStandby: Bool = false) {
        self.localStores = localStores
        self.isStandby = isStandby
        followedWishes = 0
        localStores.lookAgain()
        for store in stores where !isStandby { localStores.opened(id, store.plan.name) }
    }

    /// Has the stores that somebody wants to query be read from now on. Only when all that is in them is committed, and, but
    /// for a standby, when they are restored.
    ///
    /// - Parameter commit: how far the task's input is committed; `nil` for a standby.
    package func followWantedStores(at commit: Position? = nil) throws {
        guard let localStores else { return }
        followedWishes = localStores.wishCount
        for store in stores where localStores.isWanted(store.plan.name) {
            guard let signal = localStores.signal(of: store.plan.name) else { continue }
            let view = try store.follow(at: commit, signal: signal)
            localStores.follow(id, store.plan.name, by: view, isStandby: isStandby)
        }
    }

    /// Whether stores of the task have been asked for that cannot be queried yet.
    package var hasStoresToFollow: Bool {
        guard let localStores, localStores.wishCount != followedWishes else { return false }
        let isWanted = stores.contains { localStores.isWanted($0.plan.name) }
        if !isWanted { followedWishes = localStores.wishCount }
        return isWanted
    }

    // MARK: Figures

    /// Where the stores stand in their changelogs, when they are complete.
    package var storePositions: [StoreLag] {
        stores.compactMap { store in
            guard store.changelog != nil else { return nil }
            let position = store.position ?? 0
            return StoreLag(
                store: store.plan.name, partition: id.partition, currentOffset: position, endOffset: position)
        }
    }

    /// Whether anything was counted since the counts were taken.
    var hasCounts: Bool { !environment.counts.isZero }

    /// Counts since the last call.
    package func takeCounts() -> TaskCounts {
        defer { environment.counts = TaskCounts() }
        return environment.counts
    }

    func countRestored(_ count: Int) { environment.counts.restored += count }
    func countUpdated(_ count: Int) { environment.counts.updated += count }
}
