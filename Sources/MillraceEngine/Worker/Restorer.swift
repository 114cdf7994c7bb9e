import Logging
import Millrace

/// Fills stores from their changelogs: for each the records from where the store stands to the end of the topic.
///
/// The end is the last record that was there, committed or not. Aborted records are never seen; but behind an open
/// transaction, such as a dead instance leaves, there can be records that others have committed since, and so the restore
/// waits until it is closed. A store that stands where its changelog does not reach any more is emptied and filled from the beginning.
final class Restorer {
    private struct Job {
        let state: TaskState
        let store: TaskStore
        let changelog: TopicPartition
        /// The offset not to read beyond; for a source topic that serves as a changelog, which goes on behind it.
        let limit: Int64?
        var restored = 0
    }

    private let makeConsumer: () throws -> any ReaderPort
    private let logger: Logger
    private let listener: (@Sendable (RestoreEvent) -> Void)?
    private var consumer: (any ReaderPort)?
    private var jobs: [Int: Job] = [:] {
        didSet { restoring = nil }
    }
    /// The tasks of the jobs, as soon as somebody asks.
    private var restoring: Set<TaskID>?
    private var nextSlot = 0
    private var isToBeAssigned = false

    init(
        logger: Logger, listener: (@Sendable (RestoreEvent) -> Void)? = nil,
        makeConsumer: @escaping () throws -> any ReaderPort
    ) {
        self.logger = logger
        self.listener = listener
        self.makeConsumer = makeConsumer
    }

    var isIdle: Bool { jobs.isEmpty }

    func isRestoring(_ task: StreamTask) -> Bool {
        if jobs.isEmpty { return false }
        let tasks = restoring ?? Set(jobs.values.map(\.state.id))
        restoring = tasks
        return tasks.contains(task.id)
    }

    /// Notes the stores of a task, to be filled.
    ///
    /// - Parameter committed: the committed offsets of the task's input, where a source topic serves as a changelog.
    func add(_ task: StreamTask, committed: [TopicPartition: CommittedOffset]) {
        for store in task.stores {
            guard let changelog = store.changelog else { continue }
            let limit = store.plan.sourceTopicAsChangelog == nil ? nil : committed[changelog]?.offset ?? 0
            if let limit, store.position ?? 0 >= limit { continue }
            let job = Job(state: task.state, store: store, changelog: changelog, limit: limit)
            jobs[nextSlot] = job
            nextSlot += 1
            isToBeAssigned = true
            tell(.started, job)
        }
    }

    private func tell(_ phase: RestoreEvent.Phase, _ job: Job) {
        guard let listener else { return }
        listener(
            RestoreEvent(
                phase, store: job.store.plan.name, changelog: job.changelog, nextOffset: job.store.position ?? 0,
                endOffset: endOffset(of: job), restoredRecords: job.restored))
    }

    private func endOffset(of job: Job) -> Int64? { job.limit ?? consumer?.knownEndOffset(of: job.changelog) }

    /// How far the stores have got that are being filled; those left out are complete, or not known of yet.
    var lags: [StoreLag] {
        jobs.values.compactMap { job in
            guard let end = endOffset(of: job) else { return nil }
            return StoreLag(
                store: job.store.plan.name, partition: job.state.id.partition,
                currentOffset: job.store.position ?? 0, endOffset: end)
        }
    }

    /// Forgets the stores of a task that is being closed.
    func remove(_ task: StreamTask) {
        for (slot, job) in jobs.sorted(by: { $0.key < $1.key }) where job.state === task.state {
            jobs[slot] = nil
            isToBeAssigned = true
            tell(.suspended, job)
        }
    }

    /// Whether a step would do anything.
    var hasWork: Bool { !jobs.isEmpty || isToBeAssigned }

    /// Whether the client has told of trouble in the last step.
    private(set) var hasTrouble = false

    /// Reads some more.
    func step(maxRecords: Int, timeoutMs: Int) throws {
        hasTrouble = false
        if isToBeAssigned { try assign() }
        guard let consumer, !jobs.isEmpty else { return }
        let polled = try consumer.poll(maxRecords: maxRecords, timeoutMs: timeoutMs)
        // One record keeps the memory of all of them.
        defer { withExtendedLifetime(polled) {} }
        var bySlot: [Int: [FetchedRecord]] = [:]
        for record in polled.records { bySlot[record.slot, default: []].append(record) }
        var finished: [Int] = []
        for (slot, records) in bySlot.sorted(by: { $0.key < $1.key }) {
            guard let job = jobs[slot] else { continue }
            let wanted = job.limit.map { limit in records.filter { $0.offset < limit } } ?? records
            try job.store.restore(wanted)
            job.state.countRestored(wanted.count)
            jobs[slot]?.restored += wanted.count
            if let job = jobs[slot], !wanted.isEmpty { tell(.batch, job) }
            if let limit = job.limit, let last = records.last, last.offset + 1 >= limit { finished.append(slot) }
        }
        for event in polled.events {
            switch event {
            case .endOfPartition(let slot, let offset):
                if hasReachedEnd(slot, at: offset, consumer) { finished.append(slot) }
            case .offsetOutOfRange(let slot): try restart(slot)
            case .topicUnavailable(let message), .trouble(let message):
                hasTrouble = true
                logger.warning("while restoring: \(message)")
            }
        }
        try finish(finished)
    }

    func close() {
        consumer?.close()
        consumer = nil
    }

    private func hasReachedEnd(_ slot: Int, at offset: Int64, _ consumer: any ReaderPort) -> Bool {
        guard let job = jobs[slot], let end = consumer.knownEndOffset(of: job.changelog) else { return true }
        return offset >= end
    }

    private func finish(_ slots: [Int]) throws {
        let done = slots.compactMap { jobs.removeValue(forKey: $0) }
        if done.isEmpty { return }
        for job in done {
            // What took reading is made durable at once, so that the next restart does not read it again.
            if job.restored > 0 { try job.store.checkpoint(durably: true) }
            tell(.ended, job)
            logger.info(
                "restored",
                metadata: [
                    "task": "\(job.state.id)", "store": "\(job.store.plan.name)", "records": "\(job.restored)",
                ])
        }
        // To assign what is left anew would fetch it anew.
        if jobs.isEmpty { try assign() } else { try consumer?.pause(done.map(\.changelog)) }
    }

    private func restart(_ slot: Int) throws {
        guard let job = jobs[slot] else { return }
        try refuseShortened(job)
        jobs[slot] = nil
        logger.warning(
            "the changelog does not reach back to where the store stands; restoring it from the beginning",
            metadata: ["store": "\(job.store.plan.name)", "changelog": "\(job.changelog)"])
        try job.state.wipe(job.store)
        jobs[nextSlot] = job
        nextSlot += 1
        try assign()
    }

    /// A changelog that ends before the store was made anew, or cut. What it lacks is in the store alone.
    ///
    /// - Throws: `StreamsError` with code `.stateStore` that says how to go on.
    private func refuseShortened(_ job: Job) throws {
        guard let consumer, let position = job.store.position,
            let end = try consumer.listOffsets([job.changelog: .latest])[job.changelog], end < position
        else { return }
        throw StreamsError(
            .stateStore,
            "store \(job.store.plan.name) on disk has been written up to offset \(position) of its changelog "
                + "\(job.changelog), which ends at \(end): the topic was deleted or cut, and the store's contents are not "
                + "in it any more. Nothing was changed. \(LostChangelog.remedies)",
            task: job.state.id.description)
    }

    private func assign() throws {
        if jobs.isEmpty {
            try consumer?.assign([])
            isToBeAssigned = false
            return
        }
        let consumer = try consumer ?? makeConsumer()
        self.consumer = consumer
        try consumer.assign(
            jobs.sorted { $0.key < $1.key }.map { slot, job in
                PartitionAssignment(partition: job.changelog, slot: slot, offset: job.store.position)
            })
        isToBeAssigned = false
    }
}
