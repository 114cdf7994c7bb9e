import Logging
import Millrace

/// Keeps the stores of standbys up to date from their changelogs.
///
/// Records of a source topic that serves as a changelog are applied to a store only as far as its active task has committed them:
/// with more the store would be ahead of the processing. This reader waits for records at the broker. The reader of restores does
/// not, because it has to learn quickly that there are none.
final class StandbyReader {
    /// The part of a changelog that a store may have.
    private struct Bound {
        /// The first offset that the store may not have yet.
        var limit: Int64 = 0
        /// The records that have been read from there on.
        var waiting: [RecordRun] = []
    }

    private let changelogs: ChangelogReader
    /// The bounds by slot.
    private var bounds: [Int: Bound] = [:]
    /// The number of records that may wait for the limit to advance before their changelog is paused.
    private static let maxWaiting = 1_000

    /// Whether the last step read something, so that there may be more.
    private(set) var hasMore = false

    init(_ context: WorkerContext) {
        let ports = context.ports
        changelogs = ChangelogReader(
            for: ChangelogReader.Purpose(activity: "standing by", troubleLevel: .debug), logger: context.logger,
            listener: context.configuration.standbyListener,
            makeReader: ports.makeStandbyConsumer ?? ports.makeRestoreConsumer)
    }

    var isEmpty: Bool { changelogs.jobs.isEmpty }

    /// Whether a step has anything to do.
    var hasWork: Bool { changelogs.hasWork }

    /// Whether the client has reported trouble in the last step.
    var hasTrouble: Bool { changelogs.hasTrouble }

    /// The lags of the stores; stores that are not known yet are missing.
    var lags: [StoreLag] { changelogs.lags }

    /// Reads the changelogs of a standby's stores from now on. Nothing of a source topic that serves as a changelog is applied
    /// before its committed offset is known.
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

    /// Records the committed offsets of source topics that serve as changelogs.
    func noteCommitted(_ committed: [TopicPartition: CommittedOffset]) throws {
        for (slot, bound) in bounds.sorted(by: { $0.key < $1.key }) {
            guard let job = changelogs.jobs[slot], let next = committed[job.changelog]?.offset, next > bound.limit
            else { continue }
            bounds[slot]?.limit = next
            try applyWaiting(slot)
        }
    }

    /// Reads the available records.
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
        // The markers of transactions follow the last record.
        for (slot, offset) in events.ends where bounds[slot] == nil {
            changelogs.jobs[slot]?.store.noteEnd(at: offset)
        }
    }

    func close() { changelogs.close() }

    /// Applies waiting records to their store, as far as the limit allows.
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
