import Logging
import Millrace

extension Worker {
    func beginTransactionIfNeeded() throws {
        guard configuration.guarantee == .exactlyOnce, !isInTransaction else { return }
        try producer().beginTransaction()
        isInTransaction = true
    }

    func commitIfDue() throws {
        let now = ports.clock.monotonicMs()
        let dirty = tasks.values.reduce(0) { $0 + $1.dirtySizeInBytes }
        if dirty <= configuration.stateCacheSizeInBytes / 2, now - lastCommitMs < configuration.commitIntervalMs {
            return
        }
        try commit()
        try checkpointIfDue(dirtySizeInBytes: dirty)
        try purgeIfDue()
    }

    /// Commits everything that was processed: results, changelogs and offsets, all or nothing where the guarantee is
    /// exactly once, in this order otherwise. Only then are the stores told that what they hold is committed.
    func commit() throws {
        lastCommitMs = ports.clock.monotonicMs()
        let progressed = runningTasks.filter(\.hasProgress)
        if progressed.isEmpty { return }
        var offsets: [TopicPartition: CommittedOffset] = [:]
        try beginTransactionIfNeeded()
        for task in progressed { offsets.merge(try task.prepareCommit()) { $1 } }
        if configuration.sabotage.contains(.storeBeforeTransaction) {
            for task in progressed { try task.checkpoint(durably: true) }
        }
        switch configuration.guarantee {
        case .exactlyOnce:
            try producer().commitTransaction(offsets: offsets, group: try ports.consumer.groupMetadata())
            isInTransaction = false
        case .atLeastOnce:
            try producer().flush()
            try ports.consumer.commit(offsets)
        }
        let producer = try producer()
        for task in progressed { task.committed(changelogPosition: producer.nextOffset) }
        for (partition, offset) in offsets where plan.repartitionTopics.contains(partition.topic) {
            purgeable[partition] = offset.offset
        }
        status.commits += 1
        status.trouble = nil
    }

    /// Writes state down where there is too much of it, and makes it durable now and then.
    private func checkpointIfDue(dirtySizeInBytes: Int) throws {
        let now = ports.clock.monotonicMs()
        let isDue = now - lastCheckpointMs >= configuration.checkpointIntervalMs
        guard isDue || dirtySizeInBytes > configuration.stateCacheSizeInBytes / 2 else { return }
        for task in runningTasks { try task.checkpoint(durably: isDue) }
        if isDue { lastCheckpointMs = now }
    }

    /// Deletes what has been committed from the repartition topics. A failure only leaves it there for the next time.
    private func purgeIfDue() throws {
        let now = ports.clock.monotonicMs()
        guard now - lastPurgeMs >= configuration.purgeIntervalMs, !purgeable.isEmpty else { return }
        lastPurgeMs = now
        do {
            try ports.admin.deleteRecords(before: purgeable)
            purgeable = [:]
        } catch {
            logger.debug("could not delete repartitioned records: \(error)")
        }
    }
}
