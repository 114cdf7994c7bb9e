/// What time does to a cluster.
enum ClusterTimer: Hashable, Sendable {
    /// A member's session, or a pending member's, may be over.
    case session(groupID: String, memberID: String)
    /// A group's rebalance waits no longer; counted so that an earlier one's timer means nothing.
    case rebalance(groupID: String, round: UInt64)
    /// A group's members had time to send SyncGroup.
    case sync(groupID: String, round: UInt64)
    case transaction(transactionalID: String)
    /// Retention, and all that expires after days.
    case retention
    case compaction
}

extension Cluster {
    /// When ``tick(nowMs:)`` is needed at the latest; it may turn out to have nothing to do.
    package var nextDeadlineMs: Int64? { timers.nextDeadlineMs }

    /// Does everything whose time has come: sessions, rebalances, transactions, retention, compaction.
    package func tick(nowMs: Int64) {
        while let due = timers.takeDue(nowMs: nowMs) {
            switch due.key {
            case .session(let groupID, let memberID):
                sessionTimerFired(groupID, memberID, deadlineMs: due.deadlineMs, nowMs: nowMs)
            case .rebalance(let groupID, let round): rebalanceTimerFired(groupID, round: round, nowMs: nowMs)
            case .sync(let groupID, let round): syncTimerFired(groupID, round: round, nowMs: nowMs)
            case .transaction(let transactionalID):
                transactionTimerFired(transactionalID, deadlineMs: due.deadlineMs, nowMs: nowMs)
            case .retention:
                retain(nowMs: nowMs)
                timers.add(.retention, at: nowMs + configuration.logCleanupIntervalMs)
            case .compaction:
                compact(nowMs: nowMs, isForced: false)
                timers.add(.compaction, at: nowMs + configuration.logCleanerBackoffMs)
            }
        }
    }

    /// Runs retention and compaction now instead of at the next interval, compaction whatever the dirty ratio.
    package func cleanLogs(nowMs: Int64) {
        retain(nowMs: nowMs)
        compact(nowMs: nowMs, isForced: true)
    }

    /// Starts the timers of a new or replayed cluster.
    func startTimers(nowMs: Int64) {
        timers.add(.retention, at: nowMs + configuration.logCleanupIntervalMs)
        timers.add(.compaction, at: nowMs + configuration.logCleanerBackoffMs)
        for (transactionalID, entry) in transactions.sorted(by: { $0.key < $1.key }) {
            if let deadlineMs = entry.deadlineMs { setTransactionTimer(transactionalID, at: deadlineMs) }
        }
        for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
            for member in group.members { extendSession(of: member, in: group, nowMs: nowMs) }
        }
    }

    private func retain(nowMs: Int64) {
        for (_, topic) in topics.sorted(by: { $0.key < $1.key }) {
            for log in topic.logs {
                if let start = expiredEnd(of: log, topic.configuration, nowMs: nowMs) {
                    perform(.logStartMoved(log.partition, offset: start))
                }
                let limitMs = nowMs - configuration.producerIDExpirationMs
                if log.hasProducers(silentSinceMs: limitMs) {
                    perform(.producersForgotten(log.partition, silentSinceMs: limitMs))
                }
            }
        }
        expireTransactionalIDs(nowMs: nowMs)
        expireOffsets(nowMs: nowMs)
    }

    /// Where the log should start by its retention settings, a whole number of batches on; nil if where it does.
    private func expiredEnd(of log: PartitionLog, _ topic: TopicConfiguration, nowMs: Int64) -> Int64? {
        guard topic.deletesOldRecords else { return nil }
        var size = log.sizeInBytes
        var end: Int64?
        for index in 0..<log.batches.count {
            let batch = log.batches[index].batch
            let time = batch.header.maxTimestampMs
            let isOld = topic.retentionMs >= 0 && time >= 0 && time < nowMs - topic.retentionMs
            let isTooMuch = topic.retentionBytes >= 0 && size - batch.bytes.count >= topic.retentionBytes
            guard isOld || isTooMuch else { break }
            size -= batch.bytes.count
            end = batch.lastOffset + 1
        }
        return end
    }

    private func compact(nowMs: Int64, isForced: Bool) {
        for (_, topic) in topics.sorted(by: { $0.key < $1.key }) where topic.configuration.isCompacted {
            for log in topic.logs {
                let compaction = LogCompaction(
                    log: log, configuration: topic.configuration, codec: codec, nowMs: nowMs)
                guard isForced || compaction.isDue else { continue }
                let end = compaction.end
                guard end > log.logStartOffset else { continue }
                perform(.logCompacted(log.partition, nowMs: nowMs, endOffset: end))
            }
        }
    }
}
