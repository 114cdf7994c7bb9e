import Logging
import Millrace

/// Reads changelogs into the stores of tasks: what restores and standbys have in common.
///
/// Each store has a slot. Its changelog is read from where the store stands; where it does not reach back to there any more, the
/// store is emptied and read from the beginning. The reader of the port is made when there is something to read, and is assigned
/// anew with the next step after a store was added or removed.
final class ChangelogReader {
    /// A store that is read for.
    struct Job {
        let state: TaskState
        let store: TaskStore
        let changelog: TopicPartition
        /// The offset at which the store is complete, where that is not the end of the changelog.
        let end: Int64?
        /// How many records have been applied.
        fileprivate(set) var count = 0
        /// The offset after what has been fetched; `nil` where nothing was.
        fileprivate var fetchedOffset: Int64?

        /// The next offset to fetch; `nil` for the first that there is.
        fileprivate var nextOffset: Int64? {
            fetchedOffset.map { max($0, store.position ?? 0) } ?? store.position
        }
    }

    /// What the reader is for.
    struct Purpose {
        /// As the log names it.
        let activity: String
        /// How loud the log is about trouble.
        let troubleLevel: Logger.Level
    }

    private let purpose: Purpose
    private let logger: Logger
    private let listener: (@Sendable (RestoreEvent) -> Void)?
    private let makeReader: () throws -> any ReaderPort
    private var reader: (any ReaderPort)?
    private(set) var jobs: [Int: Job] = [:]
    private var paused: Set<Int> = []
    private var nextSlot = 0
    private var isToBeAssigned = false
    /// Whether the client has told of trouble in the last step.
    private(set) var hasTrouble = false

    init(
        for purpose: Purpose, logger: Logger, listener: (@Sendable (RestoreEvent) -> Void)?,
        makeReader: @escaping () throws -> any ReaderPort
    ) {
        self.purpose = purpose
        self.logger = logger
        self.listener = listener
        self.makeReader = makeReader
    }

    /// Whether a step would do anything.
    var hasWork: Bool { !jobs.isEmpty || isToBeAssigned }

    // MARK: Jobs

    /// Reads for a store from the next step on. Returns its slot.
    @discardableResult
    func add(_ store: TaskStore, of state: TaskState, changelog: TopicPartition, end: Int64?) -> Int {
        let slot = nextSlot
        nextSlot += 1
        let job = Job(state: state, store: store, changelog: changelog, end: end)
        jobs[slot] = job
        isToBeAssigned = true
        tell(.started, job)
        return slot
    }

    /// Reads for the stores of a task no more.
    func remove(_ state: TaskState) {
        for (slot, job) in jobs.sorted(by: { $0.key < $1.key }) where job.state === state {
            forget(slot)
            isToBeAssigned = true
            tell(.suspended, job)
        }
    }

    /// Reads for complete stores no more.
    ///
    /// - Parameter complete: called for each of them, before the listener is told.
    func finish(_ slots: [Int], _ complete: (Job) throws -> Void) throws {
        let done = slots.compactMap { slot in
            defer { forget(slot) }
            return jobs[slot]
        }
        if done.isEmpty { return }
        for job in done {
            try complete(job)
            tell(.ended, job)
        }
        // To assign what is left anew would fetch it anew.
        isToBeAssigned = isToBeAssigned || jobs.isEmpty
        if jobs.isEmpty { try assign() } else { try reader?.pause(done.map(\.changelog)) }
    }

    private func forget(_ slot: Int) {
        jobs[slot] = nil
        paused.remove(slot)
    }

    // MARK: Reading

    /// What a step came across beside records.
    struct Events {
        /// The partitions that have been read to their end.
        var ends: [(slot: Int, offset: Int64)] = []
        var hasRecords = false
    }

    /// Reads some more.
    ///
    /// - Parameters:
    ///   - take: called with each run of a store that is read for. It applies what the store is to have.
    ///   - restart: called before a store is emptied whose changelog does not reach back to where it stands.
    func step(
        maxRecords: Int, timeoutMs: Int, take: (RecordRun, Job) throws -> Void,
        restart willRestart: (_ slot: Int, Job) throws -> Void
    ) throws -> Events {
        hasTrouble = false
        if isToBeAssigned { try assign() }
        guard let reader, !jobs.isEmpty else { return Events() }
        let polled = try reader.poll(maxRecords: maxRecords, timeoutMs: timeoutMs)
        do {
            return try receive(polled, take, willRestart)
        } catch {
            // What was polled and not taken has to be read again.
            isToBeAssigned = true
            throw error
        }
    }

    private func receive(
        _ polled: PollResult, _ take: (RecordRun, Job) throws -> Void, _ willRestart: (_ slot: Int, Job) throws -> Void
    ) throws -> Events {
        var events = Events(hasRecords: !polled.runs.isEmpty)
        for run in polled.runs {
            guard let job = jobs[run.slot] else { continue }
            try take(run, job)
            jobs[run.slot]?.fetchedOffset = run.nextOffset
        }
        for event in polled.events {
            switch event {
            case .endOfPartition(let slot, let offset): events.ends.append((slot, offset))
            case .offsetOutOfRange(let slot):
                guard let job = jobs[slot] else { continue }
                try willRestart(slot, job)
                try restart(slot, job)
            case .topicUnavailable(let message), .trouble(let message):
                hasTrouble = true
                logger.log(level: purpose.troubleLevel, "while \(purpose.activity): \(message)")
            }
        }
        return events
    }

    /// Applies a run to its store.
    func apply(_ run: RecordRun) throws {
        guard let job = jobs[run.slot], !run.isEmpty else { return }
        try job.store.restore(run)
        jobs[run.slot]?.count += run.count
        if let job = jobs[run.slot] { tell(.batch, job) }
    }

    /// Fetches nothing more of a store's changelog, or goes on.
    func setPaused(_ isPaused: Bool, _ slot: Int) throws {
        guard let job = jobs[slot], isPaused != paused.contains(slot) else { return }
        if isPaused {
            try reader?.pause([job.changelog])
            paused.insert(slot)
        } else {
            try reader?.resume([job.changelog])
            paused.remove(slot)
        }
    }

    private func restart(_ slot: Int, _ job: Job) throws {
        logger.warning(
            "the changelog does not reach back to where the store stands; reading it from the beginning",
            metadata: [
                "store": "\(job.store.plan.name)", "changelog": "\(job.changelog)", "while": "\(purpose.activity)",
            ])
        try job.state.wipe(job.store)
        jobs[slot]?.fetchedOffset = nil
        paused.remove(slot)
        isToBeAssigned = true
    }

    private func assign() throws {
        if jobs.isEmpty {
            try reader?.assign([])
            isToBeAssigned = false
            return
        }
        let reader = try reader ?? makeReader()
        self.reader = reader
        try reader.assign(
            jobs.sorted { $0.key < $1.key }.map { slot, job in
                PartitionAssignment(partition: job.changelog, slot: slot, offset: job.nextOffset)
            })
        let held = paused.compactMap { jobs[$0]?.changelog }.sorted()
        if !held.isEmpty { try reader.pause(held) }
        isToBeAssigned = false
    }

    func close() {
        reader?.close()
        reader = nil
    }

    // MARK: Progress

    /// The end of a job's changelog, as far as known, or of what is read of it.
    func endOffset(of job: Job) -> Int64? { job.end ?? reader?.knownEndOffset(of: job.changelog) }

    /// The end of a changelog as the broker tells it.
    func currentEndOffset(of job: Job) throws -> Int64? {
        try reader?.listOffsets([job.changelog: .latest])[job.changelog]
    }

    /// How far the stores have got; those of which the end is not known yet are left out.
    var lags: [StoreLag] {
        jobs.values.compactMap { job in
            guard let end = endOffset(of: job) else { return nil }
            return StoreLag(
                store: job.store.plan.name, partition: job.state.id.partition, currentOffset: job.store.position ?? 0,
                endOffset: end)
        }
    }

    private func tell(_ phase: RestoreEvent.Phase, _ job: Job) {
        guard let listener else { return }
        listener(
            RestoreEvent(
                phase, store: job.store.plan.name, changelog: job.changelog, nextOffset: job.store.position ?? 0,
                endOffset: endOffset(of: job), restoredRecords: job.count))
    }
}
