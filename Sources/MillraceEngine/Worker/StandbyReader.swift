import Logging
import Millrace

/// Keeps the stores of standbys up to date from their changelogs, on and on.
///
/// Of a source topic that serves as a changelog no more is put into a store than its active task has committed: beyond that
/// the store would be ahead of what is to be processed. It has a consumer of its own, which waits for records at the broker;
/// the one of restores has to be told quickly when there are none.
final class StandbyReader {
    private struct Copy {
        let state: TaskState
        let store: TaskStore
        let changelog: TopicPartition
        /// The offset not to read beyond, where there is one.
        var limit: Int64?
        var count = 0
        /// What has been read beyond the limit.
        var waiting: [FetchedRecord] = []
        var isPaused = false
    }

    private let makeConsumer: () throws -> any ReaderPort
    private let logger: Logger
    private let listener: (@Sendable (RestoreEvent) -> Void)?
    private var consumer: (any ReaderPort)?
    private var copies: [Int: Copy] = [:]
    private var nextSlot = 0
    private var isToBeAssigned = false
    /// How many records may wait for the limit to move on before their changelog is paused.
    private static let maxWaiting = 1_000

    /// Whether the last step brought something, so that there may be more.
    private(set) var hasMore = false
    /// Whether the client has told of trouble in the last step.
    private(set) var hasTrouble = false

    init(
        logger: Logger, listener: (@Sendable (RestoreEvent) -> Void)?,
        makeConsumer: @escaping () throws -> any ReaderPort
    ) {
        self.logger = logger
        self.listener = listener
        self.makeConsumer = makeConsumer
    }

    var isEmpty: Bool { copies.isEmpty }

    /// Whether a step would do anything.
    var hasWork: Bool { !copies.isEmpty || isToBeAssigned }

    /// Reads for the stores of a standby from now on. Of a source topic that serves as a changelog nothing is read before it is
    /// known what is committed of it.
    func add(_ state: TaskState) {
        for store in state.stores {
            guard let changelog = store.changelog else { continue }
            let limit: Int64? = store.plan.sourceTopicAsChangelog == nil ? nil : 0
            let copy = Copy(state: state, store: store, changelog: changelog, limit: limit)
            copies[nextSlot] = copy
            nextSlot += 1
            isToBeAssigned = true
            tell(.started, copy)
        }
    }

    /// Forgets the stores of a standby that is being closed, or becomes active.
    func remove(_ state: TaskState) {
        for (slot, copy) in copies.sorted(by: { $0.key < $1.key }) where copy.state === state {
            copies[slot] = nil
            isToBeAssigned = true
            tell(.suspended, copy)
        }
    }

    /// Notes what is committed of source topics that serve as changelogs.
    func noteCommitted(_ committed: [TopicPartition: CommittedOffset]) throws {
        for (slot, copy) in copies.sorted(by: { $0.key < $1.key }) {
            guard let limit = copy.limit, let next = committed[copy.changelog]?.offset, next > limit else { continue }
            copies[slot]?.limit = next
            try update(slot, with: [], keptBy: nil)
        }
    }

    /// Reads what is there.
    func step(maxRecords: Int) throws {
        (hasMore, hasTrouble) = (false, false)
        if isToBeAssigned { try assign() }
        guard let consumer, !copies.isEmpty else { return }
        let polled = try consumer.poll(maxRecords: maxRecords, timeoutMs: 0)
        hasMore = !polled.records.isEmpty
        // One record keeps the memory of all of them.
        let owner = polled.records.first?.owner
        defer { withExtendedLifetime(owner) {} }
        for (slot, records) in Dictionary(grouping: polled.records, by: \.slot).sorted(by: { $0.key < $1.key }) {
            try update(slot, with: records, keptBy: owner)
        }
        for event in polled.events {
            switch event {
            case .endOfPartition(let slot, let offset):
                // Behind the last record lie the marks of transactions.
                if let copy = copies[slot], copy.limit == nil { copy.store.noteEnd(at: offset) }
            case .offsetOutOfRange(let slot): try restart(slot)
            case .topicUnavailable(let message), .trouble(let message):
                hasTrouble = true
                logger.debug("while standing by: \(message)")
            }
        }
    }

    func close() {
        consumer?.close()
        consumer = nil
    }

    /// How far the stores have got; those left out are not known of yet.
    var lags: [StoreLag] {
        copies.values.compactMap { copy in
            guard let end = consumer?.knownEndOffset(of: copy.changelog) else { return nil }
            return StoreLag(
                store: copy.store.plan.name, partition: copy.state.id.partition,
                currentOffset: copy.store.position ?? 0, endOffset: end)
        }
    }

    private func assign() throws {
        if consumer == nil, copies.isEmpty {
            isToBeAssigned = false
            return
        }
        let consumer = try consumer ?? makeConsumer()
        self.consumer = consumer
        for slot in copies.keys {
            copies[slot]?.waiting = []
            copies[slot]?.isPaused = false
        }
        try consumer.assign(
            copies.sorted { $0.key < $1.key }.map { slot, copy in
                PartitionAssignment(partition: copy.changelog, slot: slot, offset: copy.store.position)
            })
        isToBeAssigned = false
    }

    /// Puts records into a store, as far as its limit allows.
    ///
    /// - Parameter owner: what keeps the memory of the records.
    private func update(_ slot: Int, with records: [FetchedRecord], keptBy owner: AnyObject?) throws {
        guard let copy = copies[slot] else { return }
        guard let limit = copy.limit else { return try apply(records, slot) }
        let records = copy.waiting + records
        let end = records.firstIndex { $0.offset >= limit } ?? records.count
        copies[slot]?.waiting = records[end...].map { record in
            var record = record
            record.owner = record.owner ?? owner
            return record
        }
        try apply(Array(records[..<end]), slot)
        let isFull = records.count - end > Self.maxWaiting
        if isFull == copy.isPaused { return }
        copies[slot]?.isPaused = isFull
        if isFull { try consumer?.pause([copy.changelog]) } else { try consumer?.resume([copy.changelog]) }
    }

    private func apply(_ records: [FetchedRecord], _ slot: Int) throws {
        guard var copy = copies[slot], !records.isEmpty else { return }
        try copy.store.restore(records)
        copy.state.countUpdated(records.count)
        copy.count += records.count
        copies[slot]?.count = copy.count
        tell(.batch, copy)
    }

    private func restart(_ slot: Int) throws {
        guard let copy = copies.removeValue(forKey: slot) else { return }
        logger.warning(
            "the changelog does not reach back to where the standby stands; reading it from the beginning",
            metadata: ["store": "\(copy.store.plan.name)", "changelog": "\(copy.changelog)"])
        try copy.state.wipe(copy.store)
        copies[nextSlot] = copy
        nextSlot += 1
        isToBeAssigned = true
    }

    private func tell(_ phase: RestoreEvent.Phase, _ copy: Copy) {
        guard let listener else { return }
        listener(
            RestoreEvent(
                phase, store: copy.store.plan.name, changelog: copy.changelog, nextOffset: copy.store.position ?? 0,
                endOffset: consumer?.knownEndOffset(of: copy.changelog), restoredRecords: copy.count))
    }
}
