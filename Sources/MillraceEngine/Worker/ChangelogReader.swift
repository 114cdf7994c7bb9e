import Logging
import Millrace

/// Reads changelogs into the stores of tasks: the part that restores and standbys have in common.
///
/// Each store has a slot. Its changelog is read from the store's position. If the changelog does not reach back to that position
/// any more, the store is emptied and read from the beginning. The port's reader is made when there is something to read. After a
/// store was added or removed, the next step assigns the reader's partitions again.
final class ChangelogReader {
    /// A store whose changelog is read.
    struct Job {
        let state: TaskState
        let store: TaskStore
        let changelog: TopicPartition
        /// The offset at which the store is complete, if that is not the end of the changelog.
        let end: Int64?
        /// The number of records that have been applied.
        fileprivate(set) var count = 0
        /// The offset after the fetched records; `nil` if nothing was fetched.
        fileprivate var fetchedOffset: Int64?

        /// The next offset to fetch; `nil` for the first available one.
        fileprivate var nextOffset: Int64? {
            fetchedOffset.map { max($0, store.position ?? 0) } ?? store.position
        }
    }

    /// The purpose of the reader.
    struct Purpose {
        /// The name of the activity in the log.
        let activity: String
        /// The level at which trouble is logged.
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
    /// Whether the client has reported trouble in the last step.
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

    /// Whether a step has anything to do.
    var hasWork: Bool { !jobs.isEmpty || isToBeAssigned }

    // MARK: Jobs

    /// Reads the changelog of a store from the next step on. Returns the store's slot.
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

    /// Stops reading for the stores of a task.
    func remove(_ state: TaskState) {
        for (slot, job) in jobs.sorted(by: { $0.key < $1.key }) where job.state === state {
            forget(slot)
            isToBeAssigned = true
            tell(.suspended, job)
        }
    }

    /// Stops reading for complete stores.
    ///
    /// - Parameter complete: called for each of them, before the listener is.
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
        // To assign the remaining partitions again would fetch their records again.
        isToBeAssigned = isToBeAssigned || jobs.isEmpty
        if jobs.isEmpty { try assign() } else { try reader?.pause(done.map(\.changelog)) }
    }

    private func forget(_ slot: Int) {
        jobs[slot] = nil
        paused.remove(slot)
    }

    // MARK: Reading

    /// The events of a step other than records.
    struct Events {
        /// The partitions that have been read to their end.
        var ends: [(slot: Int, offset: Int64)] = []
        var hasRecords = false
    }

    /// Reads the next records.
    ///
    /// - Parameters:
    ///   - take: called with each run of records of a store. It applies those that the store is to have.
    ///   - restart: called before a store is emptied because its changelog does not reach back to the store's position.
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
            // Records that were polled but not taken have to be read again.
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

    /// Pauses or resumes the fetching of a store's changelog.
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
            "the changelog no longer reaches back to the store's position; reading it from the beginning",
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

    /// Returns the end of a job's changelog, as far as it is known, or of the part that is read.
    func endOffset(of job: Job) -> Int64? { job.end ?? reader?.knownEndOffset(of: job.changelog) }

    /// Asks the broker for the end of a changelog.
    func currentEndOffset(of job: Job) throws -> Int64? {
        try reader?.listOffsets([job.changelog: .latest])[job.changelog]
    }

    /// The lags of the stores; stores whose end is not known yet are missing.
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
