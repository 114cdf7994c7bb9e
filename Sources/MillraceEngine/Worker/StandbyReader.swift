import Logging
import Millrace

/// Keeps the stores of standbys up to date from their changelogs, on and on.
///
/// A source topic that serves as a changelog is put into a store only as far as its active task has committed it: with more the
/// store would be ahead of what is to be processed. The reader waits for records at the broker; the one of restores has to be
/// told quickly when there are none.
final class StandbyReader {
    /// A store that may have so much of its changelog and no more.
    private struct Bound {
        /// The first offset that the store may not have yet.
        var limit: Int64 = 0
        /// What has been read from there on.
        var waiting: [RecordRun] = []
    }

    private let changelogs: ChangelogReader
    /// By slot.
    private var bounds: [Int: Bound] = [:]
    /// How many records may wait for the limit to move on before their changelog is paused.
    private static let maxWaiting = 1_000

    /// Whether the last step brought something, so that there may be more.
    private(set) var hasMore = false

    init(
        logger: Logger, listener: (@Sendable (RestoreEvent) -> Void)?,
        makeReader: @escaping () throws -> any ReaderPort
    ) {
        changelogs = ChangelogReader(
            for: ChangelogReader.Purpose(activity: "standing by", troubleLevel: .debug), logger: logger,
            listener: listener, makeReader: makeReader)
    }

    var isEmpty: Bool { changelogs.jobs.isEmpty }

    /// Whether a step would do anything.
    var hasWork: Bool { changelogs.hasWork }

    /// Whether the client has told of trouble in the last step.
    var hasTrouble: Bool { changelogs.hasTrouble }

    /// How far the stores have got; those left out are not known of yet.
    var lags: [StoreLag] { changelogs.lags }

    /// Reads for the stores of a standby from now on. Of a source topic that serves as a changelog nothing is applied before it is
    /// known what is committed of it.
    func add(_ state: TaskState) {
        for store in state.stores {
            guard let changelog = store.changelog else { continue }
            let slot = changelogs.add(store, of: state, changelog: changelog, end: nil)
            if store.plan.sourceTopicAsChangelog != nil { bounds[slot] = Bound() }
        }
    }

    /// Forgets the stores of a standby that is being closed, or becomes active.
    func remove(_ state: TaskState) {
        changelogs.remove(state)
        bounds = bounds.filter { changelogs.jobs[$0.key] != nil }
    }

    /// Notes what is committed of source topics that serve as changelogs.
    func noteCommitted(_ committed: [TopicPartition: CommittedOffset]) throws {
        for (slot, bound) in bounds.sorted(by: { $0.key < $1.key }) {
            guard let job = changelogs.jobs[slot], let next = committed[job.changelog]?.offset, next > bound.limit
            else { continue }
            bounds[slot]?.limit = next
            try applyWaiting(slot)
        }
    }

    /// Reads what is there.
    func step(maxRecords: Int) throws {
        hasMore = false
        let events = try changelogs.step(maxRecords: maxRecords, timeoutMs: 0) { run, _ in
            guard bounds[run.slot] != nil else { return try apply(run) }
            bounds[run.slot]?.waiting.append(run)
        } restart: { slot, _ in
            bounds[slot]?.waiting = []
        }
        hasMore = events.hasRecords
        for slot in bounds.keys.sorted() { try applyWaiting(slot) }
        // After the last record lie the marks of transactions.
        for (slot, offset) in events.ends where bounds[slot] == nil {
            changelogs.jobs[slot]?.store.noteEnd(at: offset)
        }
    }

    func close() { changelogs.close() }

    /// Puts what waits into its store, as far as the limit allows.
    private func applyWaiting(_ slot: Int) throws {
        guard let bound = bounds[slot] else { return }
        var waiting: [RecordRun] = []
        for run in bound.waiting {
            let (before, rest) = run.split(at: bound.limit)
            try apply(before)
            if !rest.isEmpty { waiting.append(rest) }
        }
        bounds[slot]?.waiting = waiting
        try changelogs.setPaused(waiting.reduce(0) { $0 + $1.count } > Self.maxWaiting, slot)
    }

    private func apply(_ run: RecordRun) throws {
        try changelogs.apply(run)
        changelogs.jobs[run.slot]?.state.countUpdated(run.count)
    }
}
