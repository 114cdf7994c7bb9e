import Logging
import Millrace

/// The producer of a worker, its transactions and its commits.
///
/// A commit has three steps: the tasks flush their caches and report their offsets, the broker takes the commit, and the stores are
/// told of it. After a retriable error the next call makes the same commit again, and nothing is processed meanwhile.
final class Committer {
    /// A commit that has been begun.
    private struct Pending {
        let offsets: [TopicPartition: CommittedOffset]
        let tasks: [StreamTask]
        let begun: Moment
    }

    /// A commit that has been made.
    struct Commit {
        let offsets: [TopicPartition: CommittedOffset]
        /// The time that it took, from the first attempt on.
        let span: TimeSpan
    }

    private let context: WorkerContext
    private let topics: TopicWatch
    /// The producer of the present generation; `nil` from its loss until the next generation.
    private var current: (any ProducerPort)?
    private var isRegistered = false
    private var isInTransaction = false
    private var pending: Pending?
    private var commits: Periodic
    private var checkpoints: Periodic
    private var purges: Periodic
    private var purgeable: [TopicPartition: Int64] = [:]

    init(_ context: WorkerContext, topics: TopicWatch) {
        self.context = context
        self.topics = topics
        commits = context.every(context.configuration.commitIntervalMs)
        checkpoints = context.every(context.configuration.checkpointIntervalMs)
        purges = context.every(context.configuration.purgeIntervalMs)
    }

    // MARK: The producer

    private var isExactlyOnce: Bool { context.configuration.guarantee == .exactlyOnce }

    /// Whether there is a producer for tasks to write to.
    var hasProducer: Bool { current != nil }

    /// Returns the producer, a new one if the last was lost. Registering its transactional id rolls back the last one's open
    /// transaction.
    func producer() throws -> any ProducerPort {
        let producer = try current ?? context.ports.makeProducer()
        current = producer
        if isExactlyOnce, !isRegistered {
            try producer.initTransactions()
            isRegistered = true
        }
        return producer
    }

    /// Drops a producer that cannot be used any more. The tasks that write to it have to be closed.
    func dropProducer() {
        current?.close()
        current = nil
        isRegistered = false
        isInTransaction = false
    }

    /// Serves the acknowledgements of sent records.
    func poll() throws {
        if !isExactlyOnce || isInTransaction { try producer().poll() }
    }

    func beginTransactionIfNeeded() throws {
        guard isExactlyOnce, !isInTransaction else { return }
        try producer().beginTransaction()
        isInTransaction = true
    }

    /// Aborts everything that was sent since the last commit.
    func abort() {
        pending = nil
        // Records that are still queued will be processed again. If they were sent late, they would overwrite what others have
        // written since.
        if !isExactlyOnce { return dropProducer() }
        guard isInTransaction else { return }
        do {
            try current?.abortTransaction()
            isInTransaction = false
        } catch {
            context.logger.warning("could not abort; a new producer's start will: \(error)")
            dropProducer()
        }
    }

    func close() { current?.close() }

    // MARK: Commits

    /// Whether a commit has been begun that the broker has not answered.
    var hasPendingCommit: Bool { pending != nil }

    var isCommitDue: Bool { commits.isDue(at: context.now) }

    /// The time until a commit is due.
    var timeToCommit: TimeSpan { commits.wait(at: context.now) }

    /// Commits everything that was processed: results, changelogs and offsets. With exactly once they are committed all or nothing,
    /// otherwise in this order. Only then are the stores told that their contents are committed.
    ///
    /// - Parameter tasks: the tasks that have something to commit; ignored if a commit has been begun.
    /// - Returns: the commit; `nil` if there was nothing to commit.
    func commit(_ tasks: [StreamTask]) throws -> Commit? {
        commits.done(at: context.now)
        if pending == nil { pending = try prepare(tasks) }
        guard let pending else { return nil }
        let (producer, consumer) = (try producer(), context.ports.consumer)
        if isExactlyOnce {
            try producer.commitTransaction(offsets: pending.offsets, group: try consumer.groupMetadata())
            isInTransaction = false
        } else {
            try producer.flush()
            if !pending.offsets.isEmpty { try consumer.commit(pending.offsets) }
        }
        self.pending = nil
        for task in pending.tasks { task.committed(changelogPosition: producer.nextOffset) }
        for (partition, offset) in pending.offsets where topics.plan.repartitionTopics.contains(partition.topic) {
            purgeable[partition] = offset.offset
        }
        return Commit(offsets: pending.offsets, span: context.now - pending.begun)
    }

    private func prepare(_ tasks: [StreamTask]) throws -> Pending? {
        let begun = context.now
        if tasks.isEmpty { return nil }
        try beginTransactionIfNeeded()
        var offsets: [TopicPartition: CommittedOffset] = [:]
        for task in tasks { offsets.merge(try allOrNothing { try task.prepareCommit() }) { $1 } }
        return Pending(offsets: offsets, tasks: tasks, begun: begun)
    }

    // MARK: After a commit

    /// Whether a checkpoint of the stores is due.
    var isCheckpointDue: Bool { checkpoints.isDue(at: context.now) }

    func recordCheckpoint() { checkpoints.done(at: context.now) }

    /// Deletes committed records from the repartition topics. After a failure they stay there until the next time.
    func purgeIfDue() throws {
        guard !purgeable.isEmpty, purges.takeTurn(at: context.now) else { return }
        do {
            try context.ports.admin.deleteRecords(before: purgeable)
            purgeable = [:]
        } catch {
            context.logger.debug("could not delete repartitioned records: \(error)")
        }
    }
}

/// Runs processing that must not stop halfway: after a retriable error everything since the last commit is processed again, or it
/// fails.
func allOrNothing<Result>(_ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let error as PortError {
        switch error.kind {
        case .retriable: throw PortError(.abortable, error.message)
        case .rejected: throw PortError(.fatal, error.message)
        case .abortable, .staleGeneration, .producerLost, .fenced, .fatal: throw error
        }
    }
}
