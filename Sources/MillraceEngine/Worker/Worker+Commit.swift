import Logging
import Millrace

/// A commit that has been begun. While the broker has not answered, it is made again and nothing is processed.
struct PendingCommit {
    let offsets: [TopicPartition: CommittedOffset]
    let tasks: [StreamTask]
    let begun: Moment
}

extension Worker {
    func beginTransactionIfNeeded() throws {
        guard configuration.guarantee == .exactlyOnce, !isInTransaction else { return }
        try producer().beginTransaction()
        isInTransaction = true
    }

    func commitIfDue() throws {
        let now = ports.clock.monotonic
        let dirty = tasks.all.reduce(0) { $0 + $1.state.dirtySizeInBytes }
        let isDue = commits.isDue(at: now) || runningTasks.contains(where: \.isCommitRequested)
        if dirty <= configuration.stateCacheSizeInBytes / 2, !isDue {
            return
        }
        try commit()
        try checkpointIfDue(dirtySizeInBytes: dirty)
        try purgeIfDue()
    }

    /// Commits everything that was processed: results, changelogs and offsets, all or nothing where the guarantee is
    /// exactly once, in this order otherwise. Only then are the stores told that what they hold is committed.
    ///
    /// After a retriable error the same commit goes on with the next call.
    func commit() throws {
        commits.done(at: ports.clock.monotonic)
        if pendingCommit == nil { pendingCommit = try prepareCommit() }
        guard let pending = pendingCommit else { return }
        let producer = try producer()
        switch configuration.guarantee {
        case .exactlyOnce:
            try producer.commitTransaction(offsets: pending.offsets, group: try ports.consumer.groupMetadata())
            isInTransaction = false
        case .atLeastOnce:
            try producer.flush()
            if !pending.offsets.isEmpty { try ports.consumer.commit(pending.offsets) }
        }
        pendingCommit = nil
        group.noteCommit(of: pending.offsets)
        for task in pending.tasks { task.committed(changelogPosition: producer.nextOffset) }
        for (partition, offset) in pending.offsets where plan.repartitionTopics.contains(partition.topic) {
            purgeable[partition] = offset.offset
        }
        status.commits += 1
        // From the first attempt on, where it had to be made again.
        status.commitTimes.add(ports.clock.monotonic - pending.begun)
        status.trouble = nil
    }

    private func prepareCommit() throws -> PendingCommit? {
        let begun = ports.clock.monotonic
        let progressed = runningTasks.filter(\.hasProgress)
        if progressed.isEmpty { return nil }
        try beginTransactionIfNeeded()
        var offsets: [TopicPartition: CommittedOffset] = [:]
        for task in progressed { offsets.merge(try untorn { try task.prepareCommit() }) { $1 } }
        if configuration.sabotage.contains(.storeBeforeTransaction) {
            for task in progressed { try task.state.checkpoint(durably: true) }
        }
        return PendingCommit(offsets: offsets, tasks: progressed, begun: begun)
    }

    /// Writes state down where there is too much of it, and makes it durable with the first commit, and now and then.
    private func checkpointIfDue(dirtySizeInBytes: Int) throws {
        let now = ports.clock.monotonic
        let isDue = checkpoints.isDue(at: now)
        let isFull = dirtySizeInBytes > configuration.stateCacheSizeInBytes / 2
        for task in runningTasks {
            let isFirst = task.state.awaitsFirstCheckpoint
            if isDue || isFull || isFirst { try task.state.checkpoint(durably: isDue || isFirst) }
        }
        guard isDue else { return }
        for state in openStandbys { try state.checkpoint(durably: true) }
        checkpoints.done(at: now)
    }

    /// Deletes what has been committed from the repartition topics. A failure only leaves it there for the next time.
    private func purgeIfDue() throws {
        guard !purgeable.isEmpty, purges.takeTurn(at: ports.clock.monotonic) else { return }
        do {
            try ports.admin.deleteRecords(before: purgeable)
            purgeable = [:]
        } catch {
            logger.debug("could not delete repartitioned records: \(error)")
        }
    }
}
