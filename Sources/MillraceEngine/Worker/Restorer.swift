import Logging
import Millrace

/// Reads changelogs into stores: to their end, where a task waits for its stores to be complete, or on and on, where a standby
/// keeps them up to date. Kafka: `StoreChangelogReader`.
///
/// The end is the last record that was there, committed or not. Aborted records are never seen; but behind an open
/// transaction, such as a dead instance leaves, there can be records that others have committed since, and so the restore
/// waits until it is closed. A store that stands where its changelog does not reach any more is emptied and filled from the
/// beginning. While a task waits nothing is read for standbys.
final class Restorer {
    private struct Job {
        let state: TaskState
        let store: TaskStore
        let changelog: TopicPartition
        let isStandby: Bool
        /// The offset not to read beyond; for a source topic that serves as a changelog, which goes on behind it.
        var limit: Int64?
        var count = 0
        /// What a standby has read beyond its limit.
        var waiting: [FetchedRecord] = []
        var isPaused = false
    }

    private let makeConsumer: () throws -> any ConsumerPort
    private let logger: Logger
    private let listeners: Listeners
    private var consumer: (any ConsumerPort)?
    private var jobs: [Int: Job] = [:]
    private var nextSlot = 0
    private var isToBeAssigned = false
    /// How many records of a standby may wait for its limit to move on before its changelog is paused.
    private static let maxWaiting = 1_000

    /// Whether the last step brought something, so that there may be more.
    private(set) var hasMore = false

    /// Who is told how reading goes.
    struct Listeners {
        var restoring: (@Sendable (RestoreEvent) -> Void)?
        var standby: (@Sendable (RestoreEvent) -> Void)?
    }

    init(logger: Logger, listeners: Listeners, makeConsumer: @escaping () throws -> any ConsumerPort) {
        self.logger = logger
        self.listeners = listeners
        self.makeConsumer = makeConsumer
    }

    /// Whether no task waits for its stores.
    var isIdle: Bool { jobs.values.allSatisfy(\.isStandby) }

    /// Whether there are standbys to be kept up to date.
    var hasStandbys: Bool { jobs.values.contains(where: \.isStandby) }

    /// Whether a step would do anything.
    var hasWork: Bool { !jobs.isEmpty || isToBeAssigned }

    func isRestoring(_ task: StreamTask) -> Bool { jobs.values.contains { $0.state === task.state && !$0.isStandby } }

    // MARK: What is read

    /// Notes the stores of a task, to be filled.
    ///
    /// - Parameter committed: the committed offsets of the task's input, where a source topic serves as a changelog.
    func add(_ task: StreamTask, committed: [TopicPartition: CommittedOffset]) {
        for store in task.stores {
            guard let changelog = store.changelog else { continue }
            let limit = store.plan.sourceTopicAsChangelog == nil ? nil : committed[changelog]?.offset ?? 0
            if let limit, store.position ?? 0 >= limit { continue }
            add(Job(state: task.state, store: store, changelog: changelog, isStandby: false, limit: limit))
        }
    }

    /// Notes the stores of a standby, to be kept up to date. Of a source topic that serves as a changelog nothing is read before
    /// it is known what is committed of it.
    func follow(_ state: TaskState) {
        for store in state.stores {
            guard let changelog = store.changelog else { continue }
            let limit: Int64? = store.plan.sourceTopicAsChangelog == nil ? nil : 0
            add(Job(state: state, store: store, changelog: changelog, isStandby: true, limit: limit))
        }
    }

    private func add(_ job: Job) {
        jobs[nextSlot] = job
        nextSlot += 1
        isToBeAssigned = true
        tell(.started, job)
    }

    /// Notes what is committed of source topics that serve standbys as changelogs.
    func noteCommitted(_ committed: [TopicPartition: CommittedOffset]) throws {
        for (slot, job) in jobs.sorted(by: { $0.key < $1.key }) where job.isStandby {
            guard let limit = job.limit, let next = committed[job.changelog]?.offset, next > limit else { continue }
            jobs[slot]?.limit = next
            try update(slot, with: [], keptBy: nil)
        }
    }

    /// Forgets the stores of a task that is being closed, or of a standby that becomes active.
    func remove(_ state: TaskState) {
        let own = jobs.filter { $0.value.state === state }.sorted { $0.key < $1.key }
        for (slot, job) in own {
            jobs[slot] = nil
            isToBeAssigned = true
            tell(.suspended, job)
        }
    }

    func close() {
        consumer?.close()
        consumer = nil
    }

    private func assign() throws {
        isToBeAssigned = false
        hasMore = false
        let isIdle = isIdle
        for slot in jobs.keys where jobs[slot]?.isStandby == true {
            jobs[slot]?.waiting = []
            jobs[slot]?.isPaused = false
        }
        let wanted = jobs.filter { $0.value.isStandby == isIdle }.sorted { $0.key < $1.key }
        if wanted.isEmpty {
            try consumer?.assign([])
            return
        }
        let consumer = try consumer ?? makeConsumer()
        self.consumer = consumer
        try consumer.assign(
            wanted.map { slot, job in
                PartitionAssignment(partition: job.changelog, slot: slot, offset: job.store.position)
            })
    }

    // MARK: Reading

    /// Reads some more.
    func step(maxRecords: Int, timeoutMs: Int) throws {
        if isToBeAssigned { try assign() }
        guard let consumer, !jobs.isEmpty else { return }
        let polled = try consumer.poll(maxRecords: maxRecords, timeoutMs: timeoutMs)
        hasMore = !polled.records.isEmpty
        // One record keeps the memory of all of them.
        defer { withExtendedLifetime(polled) {} }
        var bySlot: [Int: [FetchedRecord]] = [:]
        for record in polled.records { bySlot[record.slot, default: []].append(record) }
        var finished: [Int] = []
        for (slot, records) in bySlot.sorted(by: { $0.key < $1.key }) {
            guard let job = jobs[slot] else { continue }
            if job.isStandby {
                try update(slot, with: records, keptBy: polled.records.first?.owner)
            } else if try restore(slot, with: records) {
                finished.append(slot)
            }
        }
        for event in polled.events {
            switch event {
            case .endOfPartition(let slot, let offset):
                // Behind the last record lie the marks of transactions.
                if let job = jobs[slot], job.isStandby, job.limit == nil { job.store.noteEnd(at: offset) }
                if hasReachedEnd(slot, at: offset, consumer) { finished.append(slot) }
            case .offsetOutOfRange(let slot): try restart(slot)
            case .trouble(let message): logger.warning("while restoring: \(message)")
            case .assigned, .revoked: break
            }
        }
        try finish(finished)
    }

    /// Puts records into a store that is being filled. Returns whether that has made it complete.
    private func restore(_ slot: Int, with records: [FetchedRecord]) throws -> Bool {
        guard let limit = jobs[slot]?.limit else {
            try apply(records, slot)
            return false
        }
        try apply(records.filter { $0.offset < limit }, slot)
        return records.last.map { $0.offset + 1 >= limit } ?? false
    }

    /// Puts records into the store of a standby, as far as its limit allows.
    ///
    /// - Parameter owner: what keeps the memory of the records.
    private func update(_ slot: Int, with records: [FetchedRecord], keptBy owner: AnyObject?) throws {
        guard let job = jobs[slot] else { return }
        var records = records
        if let limit = job.limit {
            records = job.waiting + records
            let end = records.firstIndex { $0.offset >= limit } ?? records.count
            jobs[slot]?.waiting = records[end...].map { record in
                var record = record
                record.owner = record.owner ?? owner
                return record
            }
            records.removeSubrange(end...)
        }
        try apply(records, slot)
        let isFull = jobs[slot].map { $0.waiting.count > Self.maxWaiting } ?? false
        if isFull == job.isPaused { return }
        jobs[slot]?.isPaused = isFull
        if isFull { try consumer?.pause([job.changelog]) } else { try consumer?.resume([job.changelog]) }
    }

    private func apply(_ records: [FetchedRecord], _ slot: Int) throws {
        guard let job = jobs[slot], !records.isEmpty else { return }
        try job.store.restore(records)
        if job.isStandby { job.state.countUpdated(records.count) } else { job.state.countRestored(records.count) }
        jobs[slot]?.count += records.count
        if let job = jobs[slot] { tell(.batch, job) }
    }

    private func hasReachedEnd(_ slot: Int, at offset: Int64, _ consumer: any ConsumerPort) -> Bool {
        guard let job = jobs[slot], !job.isStandby else { return false }
        return consumer.knownEndOffset(of: job.changelog).map { offset >= $0 } ?? true
    }

    private func finish(_ slots: [Int]) throws {
        let done = slots.compactMap { jobs.removeValue(forKey: $0) }
        if done.isEmpty { return }
        for job in done {
            // What took reading is made durable at once, so that the next restart does not read it again.
            if job.count > 0 { try job.store.checkpoint(durably: true) }
            tell(.ended, job)
            logger.info(
                "restored",
                metadata: [
                    "task": "\(job.state.id)", "store": "\(job.store.plan.name)", "records": "\(job.count)",
                ])
        }
        // To assign what is left anew would fetch it anew.
        if isIdle { try assign() } else { try consumer?.pause(done.map(\.changelog)) }
    }

    private func restart(_ slot: Int) throws {
        guard let job = jobs.removeValue(forKey: slot) else { return }
        logger.warning(
            "the changelog does not reach back to where the store stands; restoring it from the beginning",
            metadata: ["store": "\(job.store.plan.name)", "changelog": "\(job.changelog)"])
        try job.state.wipe(job.store)
        jobs[nextSlot] = job
        nextSlot += 1
        try assign()
    }

    // MARK: Figures

    private func tell(_ phase: RestoreEvent.Phase, _ job: Job) {
        guard let listener = job.isStandby ? listeners.standby : listeners.restoring else { return }
        listener(
            RestoreEvent(
                phase, store: job.store.plan.name, changelog: job.changelog, nextOffset: job.store.position ?? 0,
                endOffset: endOffset(of: job), restoredRecords: job.count))
    }

    private func endOffset(of job: Job) -> Int64? {
        job.isStandby
            ? consumer?.knownEndOffset(of: job.changelog)
            : job.limit ?? consumer?.knownEndOffset(of: job.changelog)
    }

    /// How far the stores have got that are being filled or kept up to date; those left out are complete, or not known of yet.
    var lags: [StoreLag] {
        jobs.values.compactMap { job in
            guard let end = endOffset(of: job) else { return nil }
            return StoreLag(
                store: job.store.plan.name, partition: job.state.id.partition,
                currentOffset: job.store.position ?? 0, endOffset: end)
        }
    }
}
