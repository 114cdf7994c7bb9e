import Logging
import Millrace

/// Restores stores from their changelogs: each with the records from the store's position to the end of the topic.
///
/// The end is after the last record that existed at the start, committed or not. Aborted records are never seen. But a dead
/// instance can leave an open transaction, and after it there can be records that others have committed since: so the restore waits
/// until that transaction is closed.
final class Restorer {
    private let changelogs: ChangelogReader
    private let logger: Logger
    /// The tasks that are being restored; `nil` until it is asked for.
    private var restoring: Set<TaskID>?

    init(_ context: WorkerContext) {
        logger = context.logger
        changelogs = ChangelogReader(
            for: ChangelogReader.Purpose(activity: "restoring", troubleLevel: .warning), logger: logger,
            listener: context.configuration.restoreListener, makeReader: context.ports.makeRestoreConsumer)
    }

    var isIdle: Bool { changelogs.jobs.isEmpty }

    /// Whether a step has anything to do.
    var hasWork: Bool { changelogs.hasWork }

    /// Whether the client has reported trouble in the last step.
    var hasTrouble: Bool { changelogs.hasTrouble }

    /// The lags of the stores that are being restored. Stores that are missing here are complete or not known yet.
    var lags: [StoreLag] { changelogs.lags }

    func isRestoring(_ task: StreamTask) -> Bool {
        if isIdle { return false }
        let tasks = restoring ?? Set(changelogs.jobs.values.map(\.state.id))
        restoring = tasks
        return tasks.contains(task.id)
    }

    /// Restores the stores of a task from the next step on.
    ///
    /// - Parameter committed: the committed offsets of the task's input, for source topics that serve as changelogs.
    func add(_ task: StreamTask, committed: [TopicPartition: CommittedOffset]) {
        for store in task.stores {
            guard let changelog = store.changelog else { continue }
            // A source topic continues after the committed offset with records that are not processed yet.
            let end = store.plan.sourceTopicAsChangelog == nil ? nil : committed[changelog]?.offset ?? 0
            if let end, store.position ?? 0 >= end { continue }
            changelogs.add(store, of: task.state, changelog: changelog, end: end)
            restoring = nil
        }
    }

    /// Forgets the stores of a task that is being closed.
    func remove(_ task: StreamTask) {
        changelogs.remove(task.state)
        restoring = nil
    }

    /// Reads the next records.
    func step(maxRecords: Int, timeoutMs: Int) throws {
        var finished: [Int] = []
        let events = try changelogs.step(maxRecords: maxRecords, timeoutMs: timeoutMs) { run, job in
            let wanted = job.end.map { run.split(at: $0).before } ?? run
            try changelogs.apply(wanted)
            job.state.countRestored(wanted.count)
            if let end = job.end, let next = run.nextOffset, next >= end { finished.append(run.slot) }
        } restart: { _, job in
            try refuseShortened(job)
        }
        for (slot, offset) in events.ends {
            guard let job = changelogs.jobs[slot] else { continue }
            if offset >= changelogs.endOffset(of: job) ?? offset { finished.append(slot) }
        }
        try finish(finished)
    }

    func close() { changelogs.close() }

    private func finish(_ slots: [Int]) throws {
        if slots.isEmpty { return }
        restoring = nil
        try changelogs.finish(slots) { job in
            // State that took reading is made durable at once, so that the next restart does not read it again.
            if job.count > 0 { try job.store.checkpoint(durably: true) }
            logger.info(
                "restored",
                metadata: [
                    "task": "\(job.state.id)", "store": "\(job.store.plan.name)", "records": "\(job.count)",
                ])
        }
    }

    /// Refuses a changelog that ends before the store's position: it was created again, or cut. Only the store has the missing
    /// records.
    ///
    /// - Throws: `StreamsError` with code `.stateStore` that says how to continue.
    private func refuseShortened(_ job: ChangelogReader.Job) throws {
        guard let position = job.store.position, let end = try changelogs.currentEndOffset(of: job), end < position
        else { return }
        throw StreamsError(
            .stateStore,
            "store \(job.store.plan.name) on disk has been written up to offset \(position) of its changelog "
                + "\(job.changelog), which ends at \(end): the topic was deleted or cut, and the store's contents are not "
                + "in it any more. Nothing was changed. \(LostChangelog.remedies)",
            task: job.state.id.description)
    }
}
