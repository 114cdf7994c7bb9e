import Logging
import Millrace

/// The standbys of a worker: stores of tasks that other instances run, kept up to date from their changelogs, so that this instance
/// can take a task over without reading all of its state first. Kafka: `StandbyTask`.
///
/// The contents of a standby are always committed, whoever is active: so it outlives rebalances and aborts, and is closed only when
/// another member gets it.
final class StandbyKeeper {
    private let context: WorkerContext
    private let topics: TopicWatch
    private let factory: TaskFactory
    private let changelogs: ChangelogWatch
    private let report: WorkerReport
    private let reader: StandbyReader
    private var states: [TaskID: TaskState] = [:]
    /// The tasks that are to have standbys here.
    private var wanted: [TaskID] = []
    /// Standbys are retried separately: the active tasks do not wait for them.
    private var retry = Backoff()
    private var checks: Periodic

    init(
        _ context: WorkerContext, topics: TopicWatch, factory: TaskFactory, changelogs: ChangelogWatch,
        report: WorkerReport
    ) {
        self.context = context
        self.topics = topics
        self.factory = factory
        self.changelogs = changelogs
        self.report = report
        reader = StandbyReader(context)
        checks = context.every(context.configuration.standbyCheckIntervalMs)
    }

    private var logger: Logger { context.logger }

    var isEmpty: Bool { states.isEmpty }

    /// Whether the last step read something, so that there may be more.
    var hasMore: Bool { reader.hasMore }

    /// The standbys, in the order of their tasks.
    var open: [TaskState] { states.values.sorted { $0.id < $1.id } }

    /// The ids of their tasks, in order.
    var ids: [TaskID] { states.isEmpty ? [] : states.keys.sorted() }

    var lags: [StoreLag] { reader.lags }

    func contains(_ id: TaskID) -> Bool { states[id] != nil }

    /// Keeps standbys of these tasks from now on, and opens the missing ones.
    func keep(_ ids: [TaskID]) throws {
        wanted = ids
        try openMissing()
    }

    /// Opens the missing standbys. One that another worker of this process is about to close is opened later.
    private func openMissing() throws {
        for id in wanted where states[id] == nil {
            do {
                let state = try factory.openStores(of: id)
                states[id] = state
                if let localStores = context.ports.localStores { state.announce(to: localStores, isStandby: true) }
                reader.add(state)
                logger.info("standing by", metadata: ["task": "\(id)"])
            } catch let error as StreamsError where error.code == .locked {
                logger.debug("a standby of task \(id) has to wait: \(error)")
            }
        }
    }

    /// Keeps the standbys up to date. Requests that the broker refuses are retried with back-off, while the active tasks continue.
    ///
    /// - Parameter mayRead: whether the active tasks do not need the time to restore their stores.
    func step(mayRead: Bool) throws {
        guard !wanted.isEmpty || reader.hasWork, !retry.isWaiting(at: context.now) else { return }
        do {
            try update(mayRead: mayRead)
            retry.succeeded()
        } catch let error as PortError {
            if !retry.hasFailed {
                logger.warning("the standbys cannot be kept up to date; retrying: \(error)")
            }
            retry.failed(at: context.now)
            changelogs.raiseDoubt()
        }
    }

    /// Opens missing standbys, and asks now and then for the offsets that the active tasks have committed.
    private func update(mayRead: Bool) throws {
        if states.count < wanted.count { try openMissing() }
        // Tasks that wait for their stores have priority.
        if mayRead { try reader.step(maxRecords: context.configuration.maxRecordsPerStep) }
        if reader.hasTrouble { changelogs.raiseDoubt() }
        guard checks.takeTurn(at: context.now) else { return }
        let asked = open.filter { $0.stores.contains(where: \.followsActiveTask) }
        guard !asked.isEmpty, let committed = committedInputs(of: asked) else { return }
        for state in asked {
            for partition in topics.plan.inputs[state.id] ?? [] {
                guard let metadata = committed[partition]?.metadata else { continue }
                state.recordProgress(of: metadata)
            }
        }
        try reader.recordCommitted(committed)
    }

    /// Returns the offsets that the active tasks have committed; `nil` if the broker does not answer in time. Then it is asked
    /// again.
    private func committedInputs(of standbys: [TaskState]) -> [TopicPartition: CommittedOffset]? {
        do {
            return try context.ports.consumer.committed(
                standbys.flatMap { topics.plan.inputs[$0.id] ?? [] }, withinMs: Self.longestCheckMs)
        } catch {
            logger.debug("could not ask what the active tasks have committed: \(error)")
            return nil
        }
    }

    /// The longest time for which the request may delay the worker's active tasks.
    private static var longestCheckMs: Int { 50 }

    /// Hands a standby's stores to the active task that it becomes; `nil` if there is no standby of it.
    func take(_ id: TaskID) -> TaskState? {
        guard let state = states.removeValue(forKey: id) else { return nil }
        report.count(state)
        reader.remove(state)
        return state
    }

    /// Writes a checkpoint of all standbys except these, and closes them.
    func close(except kept: Set<TaskID> = []) {
        for state in open where !kept.contains(state.id) {
            reader.remove(state)
            do {
                try state.checkpoint(durably: true)
            } catch {
                logger.warning(
                    "could not checkpoint a standby of task \(state.id); its changelog will be read again: \(error)")
            }
            report.countLast(state)
            state.close()
            states[state.id] = nil
        }
    }

    /// Publishes what the indexes of the standbys have by now without a commit.
    func refreshIndexesIfWanted() {
        for state in states.values { state.refreshIndexesIfWanted() }
    }

    /// Closes the reader of the changelogs.
    func closeReader() { reader.close() }
}
