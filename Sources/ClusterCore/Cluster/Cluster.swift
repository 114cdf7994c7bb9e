/// A Kafka cluster of one node as a deterministic state machine: no I/O, no threads, no clock, no randomness.
///
/// Every call passes the time as `nowMs`, in milliseconds of the caller's epoch; it never goes back. Calls are cheap and
/// synchronous. The ones that Kafka answers later (JoinGroup, SyncGroup) return a ``Deferred``, and ``takeCompleted()`` returns
/// the answers when they are ready. The caller has to empty three queues after every call:
/// - ``takeChanges()``: what must be durable before the call is acknowledged, one unit to be written atomically;
/// - ``takeCompleted()``: deferred answers;
/// - ``takeAdvanced()``: partitions that have more to fetch, for long polls.
///
/// ``tick(nowMs:)`` does everything that is due; ``nextDeadlineMs`` says when it is needed next.
///
/// The batches' bytes are in a ``BatchStorage``: in memory, or in a server's storage. Writing them can fail, so it comes before
/// any change of the state. All other durable state changes through ``perform(_:)``, the same way when a call is served and
/// when a journal is replayed, so that both give the same state. Nothing depends on the order of a dictionary.
///
/// Semantics are those of Apache Kafka 4.0 with classic groups and transaction version 1 (KIP-98, not KIP-890's epoch
/// bump at each end), except that transactions complete within the call that ends them: CONCURRENT_TRANSACTIONS is
/// never answered.
package final class Cluster {
    package let configuration: ClusterConfiguration
    /// Unpacks compressed batches: to check them, to compact them and to find offsets by time. Without it they are accepted and
    /// left unchanged.
    package let codec: (any RecordCodec)?
    private let storage: any BatchStorage
    /// 22 characters, made once and kept.
    package private(set) var clusterID = ""

    var identifiers: IdentifierGenerator
    private(set) var topics: [String: Topic] = [:]
    private var topicNames: [TopicID: String] = [:]
    /// The partitions of all topics together.
    private(set) var partitionCount = 0
    private(set) var nextProducerID: Int64 = 0
    private(set) var transactions: [String: TransactionEntry] = [:]
    private(set) var groups: [String: Group] = [:]
    /// The number of the next offset commit.
    var nextOffsetNumber: UInt64 = 0

    var timers = DeadlineQueue<ClusterTimer>()
    /// The earliest timer of each transactional id.
    var transactionTimers: [String: Int64] = [:]
    private var changes: [ClusterChange] = []
    private var completed: [CompletedGroupCall] = []
    private var advanced: [PartitionLog] = []
    private var storageFailures: [StorageFailure] = []
    private var nextToken: UInt64 = 0

    /// A new cluster without topics, in memory.
    package convenience init(
        configuration: ClusterConfiguration = ClusterConfiguration(), codec: (any RecordCodec)? = nil,
        nowMs: Int64
    ) {
        self.init(configuration, codec, MemoryStorage())
        start(nowMs: nowMs)
    }

    /// The cluster these changes describe, in memory.
    ///
    /// - Throws: ``StorageFailure`` for changes that only refer to their batches.
    package convenience init(
        configuration: ClusterConfiguration = ClusterConfiguration(), codec: (any RecordCodec)? = nil,
        replaying changes: some Sequence<ClusterChange>, nowMs: Int64
    ) throws(StorageFailure) {
        self.init(configuration, codec, MemoryStorage())
        for change in changes { try replay(change) }
        start(nowMs: nowMs)
    }

    /// The cluster of a journal whose batches are in a storage. Group members keep their sessions, which start again at
    /// `nowMs`; deferred answers and rebalances under way are forgotten, as when a Kafka broker restarts.
    ///
    /// - Parameter journal: replays all changes in order, by calling its argument for each.
    /// - Throws: what `journal` throws, which may be a ``StorageFailure`` of the changes that it replays.
    package convenience init(
        configuration: ClusterConfiguration, codec: (any RecordCodec)? = nil, storage: any BatchStorage,
        nowMs: Int64, journal: (_ replay: ([ClusterChange]) throws(StorageFailure) -> Void) throws -> Void
    ) throws {
        self.init(configuration, codec, storage)
        try journal { (changes) throws(StorageFailure) in
            for change in changes { try replay(change) }
        }
        start(nowMs: nowMs)
    }

    private init(
        _ configuration: ClusterConfiguration, _ codec: (any RecordCodec)?, _ storage: any BatchStorage
    ) {
        self.configuration = configuration
        self.codec = codec
        self.storage = storage
        identifiers = IdentifierGenerator(seed: configuration.identifierSeed)
    }

    private func start(nowMs: Int64) {
        if clusterID.isEmpty { perform(.identified(clusterID: identifiers.nextClusterID())) }
        startTimers(nowMs: nowMs)
    }

    // MARK: queues

    /// The durable changes since the last call: one unit, to be kept whole or not at all.
    package func takeChanges() -> [ClusterChange] {
        defer { changes.removeAll(keepingCapacity: true) }
        return changes
    }

    /// The deferred answers that became ready since the last call.
    package func takeCompleted() -> [CompletedGroupCall] {
        defer { completed.removeAll(keepingCapacity: true) }
        return completed
    }

    /// The partitions whose version changed since the last call, without repetition, in the order they changed first.
    package func takeAdvanced() -> [TopicPartition] {
        defer { advanced.removeAll(keepingCapacity: true) }
        return advanced.map {
            $0.isAnnounced = true
            return $0.partition
        }
    }

    /// The failures of the storage since the last call. Each was answered with an error or will be retried.
    package func takeStorageFailures() -> [StorageFailure] {
        defer { storageFailures.removeAll() }
        return storageFailures
    }

    func report(_ failure: StorageFailure) { storageFailures.append(failure) }

    /// The error that a client gets for a failure of the storage.
    func refusal(_ failure: StorageFailure) -> KafkaError {
        report(failure)
        return KafkaError(.kafkaStorageError, "Disk error when trying to access log file on the disk.")
    }

    func newToken() -> GroupToken {
        nextToken += 1
        return GroupToken(number: nextToken)
    }

    func complete(_ token: GroupToken, _ answer: CompletedGroupCall.Answer) {
        completed.append(CompletedGroupCall(token: token, answer: answer))
    }

    /// The answer to a call that was completed before it returned.
    func takeCompletedNow(_ token: GroupToken) -> CompletedGroupCall.Answer? {
        guard let index = completed.lastIndex(where: { $0.token == token }) else { return nil }
        return completed.remove(at: index).answer
    }

    func announce(_ log: PartitionLog) {
        guard log.isAnnounced else { return }
        log.isAnnounced = false
        advanced.append(log)
    }

    // MARK: changes

    /// Makes a durable change and notes it for the journal.
    func perform(_ change: ClusterChange) {
        apply(change)
        if configuration.recordsChanges { changes.append(change) }
    }

    /// Writes a batch that has its offset; nothing changes before it is appended.
    /// - Throws: KAFKA_STORAGE_ERROR.
    func write(_ batch: RecordBatch, to log: PartitionLog) throws(KafkaError) -> BatchReference? {
        do { return try log.write(batch) } catch { throw refusal(error) }
    }

    /// Appends a batch that is written: ``perform(_:)`` for the most frequent change.
    func append(_ batch: RecordBatch, at reference: BatchReference?, of log: PartitionLog, nowMs: Int64) {
        log.append(batch, at: reference, nowMs: nowMs)
        announce(log)
        guard configuration.recordsChanges else { return }
        if let reference {
            changes.append(.batchStored(log.partition, nowMs: nowMs, reference))
        } else {
            changes.append(.batchAppended(log.partition, nowMs: nowMs, batch))
        }
    }

    /// Compacts a log up to the offset. A storage that outlives the process keeps the outcome, and the journal its location;
    /// otherwise compaction runs again when the journal is replayed.
    func compact(_ compaction: LogCompaction, to end: Int64) throws(StorageFailure) {
        let log = compaction.log
        try compaction.run(to: end)
        announce(log)
        guard configuration.recordsChanges else { return }
        let image = log.image
        if case .segments = image.content {
            changes.append(.logRestored(log.partition, image))
        } else {
            changes.append(.logCompacted(log.partition, nowMs: compaction.nowMs, endOffset: end))
        }
    }

    /// Notes a group's durable state, which the group itself has already.
    func recordChange(of entry: GroupEntry) {
        if configuration.recordsChanges { changes.append(.groupChanged(entry)) }
    }

    /// The group, made if it does not exist.
    func groupMaking(_ groupID: String, nowMs: Int64) -> Group {
        if let group = groups[groupID] { return group }
        let group = Group(id: groupID, nowMs: nowMs)
        groups[groupID] = group
        return group
    }

    /// Makes a change that comes from a journal.
    private func replay(_ change: ClusterChange) throws(StorageFailure) {
        switch change {
        case .batchAppended(let partition, let nowMs, let batch):
            guard let log = existingLog(partition) else { return }
            log.append(batch, at: try log.write(batch), nowMs: nowMs)
        case .batchStored(let partition, let nowMs, let reference):
            existingLog(partition)?.append(try storage.load(reference), at: reference, nowMs: nowMs)
        case .logCompacted(let partition, let nowMs, let endOffset):
            guard let topic = topics[partition.topic], let log = topic.log(partition.partition) else { return }
            try LogCompaction(
                log: log, configuration: topic.configuration, codec: codec, nowMs: nowMs
            ).run(to: endOffset)
        case .logRestored(let partition, let image): try existingLog(partition)?.restore(image)
        default: apply(change)
        }
    }

    private func apply(_ change: ClusterChange) {
        switch change {
        case .identified(let clusterID): self.clusterID = clusterID
        case .topicCreated(let name, let id, let count, let overrides):
            topics[name] = Topic(
                name: name, id: id, partitionCount: count, overrides: overrides, cluster: configuration,
                storage: storage)
            topicNames[id] = name
            partitionCount += Int(count)
        case .topicDeleted(let name):
            guard let topic = topics.removeValue(forKey: name) else { return }
            topicNames[topic.id] = nil
            partitionCount -= topic.logs.count
            for log in topic.logs {
                log.storage.removeAll()
                announce(log)
            }
        case .topicGrown(let name, let count):
            guard let topic = topics[name] else { return }
            partitionCount += max(Int(count) - topic.logs.count, 0)
            topic.grow(to: count)
        case .topicConfigured(let name, let overrides): topics[name]?.configure(overrides, cluster: configuration)
        case .logStartMoved(let partition, let offset):
            guard let log = existingLog(partition) else { return }
            log.moveStart(to: offset)
            announce(log)
        case .producersForgotten(let partition, let limitMs):
            existingLog(partition)?.forgetProducers(silentSinceMs: limitMs)
        case .batchAppended, .batchStored, .logCompacted, .logRestored:
            // They reach the storage: ``append(_:at:of:nowMs:)``, ``compact(_:to:)`` and ``replay(_:)`` make them.
            return
        case .producerIDsAssigned(let next): nextProducerID = next
        case .transactionChanged(let entry): transactions[entry.transactionalID] = entry
        case .transactionForgotten(let transactionalID): transactions[transactionalID] = nil
        case .groupDeleted(let groupID): groups[groupID] = nil
        case .groupChanged(let entry):
            groupMaking(entry.groupID, nowMs: entry.stateSinceMs).restore(entry)
        case .offsetsCommitted, .offsetsPending, .offsetsDecided, .offsetsDeleted: applyOffsets(change)
        }
    }

    private func applyOffsets(_ change: ClusterChange) {
        switch change {
        case .offsetsCommitted(let groupID, let entries):
            guard let first = entries.first else { return }
            groupMaking(groupID, nowMs: first.stored.commitMs).commit(entries)
            for entry in entries { nextOffsetNumber = max(nextOffsetNumber, entry.stored.number + 1) }
        case .offsetsPending(let groupID, let producerID, let entries):
            guard let first = entries.first else { return }
            groupMaking(groupID, nowMs: first.stored.commitMs).hold(entries, for: producerID)
            for entry in entries { nextOffsetNumber = max(nextOffsetNumber, entry.stored.number + 1) }
        case .offsetsDecided(let groupID, let producerID, let isCommit):
            groups[groupID]?.decide(producerID: producerID, isCommit: isCommit)
        case .offsetsDeleted(let groupID, let partitions): groups[groupID]?.deleteOffsets(of: partitions)
        default: return
        }
    }

    // MARK: lookups

    /// The name of the topic with this id; nil if there is none.
    package func topicName(id: TopicID) -> String? { topicNames[id] }

    func log(_ partition: TopicPartition) throws(KafkaError) -> PartitionLog {
        guard let log = existingLog(partition) else { throw KafkaError(.unknownTopicOrPartition) }
        return log
    }

    private func existingLog(_ partition: TopicPartition) -> PartitionLog? {
        topics[partition.topic]?.log(partition.partition)
    }
}
