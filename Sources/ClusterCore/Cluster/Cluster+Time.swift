/// The timers of a cluster.
enum ClusterTimer: Hashable, Sendable {
    /// A member's session, or a pending member's, may be over.
    case session(groupID: String, memberID: String)
    /// A group's rebalance waits no longer; counted so that an earlier one's timer means nothing.
    case rebalance(groupID: String, round: UInt64)
    /// A group's members had time to send SyncGroup.
    case sync(groupID: String, round: UInt64)
    case transaction(transactionalID: String)
    /// Retention, and everything that expires after days.
    case retention
    case compaction
}

extension Cluster {
    /// The latest time at which ``tick(nowMs:)`` is needed; the tick may then have nothing to do.
    package var nextDeadlineMs: Int64? { timers.nextDeadlineMs }

    /// Does everything that is due: sessions, rebalances, transactions, retention, compaction.
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
                setRetentionTimer(nowMs: nowMs)
            case .compaction:
                compact(nowMs: nowMs, isForced: false)
                setCompactionTimer(nowMs: nowMs)
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
        setRetentionTimer(nowMs: nowMs)
        setCompactionTimer(nowMs: nowMs)
        for (transactionalID, entry) in transactions.sorted(by: { $0.key < $1.key }) {
            if let deadlineMs = entry.deadlineMs { setTransactionTimer(transactionalID, at: deadlineMs) }
        }
        for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
            for member in group.members { extendSession(of: member, in: group, nowMs: nowMs) }
        }
    }

    // A timer that repeats is set a millisecond later at least: one that is due at once would repeat for ever.

    private func setRetentionTimer(nowMs: Int64) {
        timers.add(.retention, at: nowMs.later(byMs: max(1, configuration.logCleanupIntervalMs)))
    }

    private func setCompactionTimer(nowMs: Int64) {
        timers.add(.compaction, at: nowMs.later(byMs: max(1, configuration.logCleanerBackoffMs)))
    }

    private func retain(nowMs: Int64) {
        for (_, topic) in topics.sorted(by: { $0.key < $1.key }) {
            for log in topic.logs {
                do throws(StorageFailure) {
                    if let start = try expiredEnd(of: log, topic.configuration, nowMs: nowMs) {
                        perform(.logStartMoved(log.partition, offset: start))
                    }
                } catch { report(error) }
                let limitMs = nowMs.earlier(byMs: configuration.producerIDExpirationMs)
                if log.hasProducers(silentSinceMs: limitMs) {
                    perform(.producersForgotten(log.partition, silentSinceMs: limitMs))
                }
            }
        }
        expireTransactionalIDs(nowMs: nowMs)
        expireOffsets(nowMs: nowMs)
    }

    /// The offset at which the log should start by its retention settings, at the start of a batch; nil if it starts there
    /// already.
    private func expiredEnd(
        of log: PartitionLog, _ topic: TopicConfiguration, nowMs: Int64
    ) throws(StorageFailure) -> Int64? {
        guard topic.deletesOldRecords else { return nil }
        var size = log.storage.sizeInBytes
        var end: Int64?
        func isOld(_ timestampMs: Int64) -> Bool {
            topic.retentionMs >= 0 && timestampMs >= 0 && timestampMs < nowMs.earlier(byMs: topic.retentionMs)
        }
        func isTooMuch(without bytes: Int) -> Bool { topic.retentionBytes >= 0 && size - bytes >= topic.retentionBytes }
        try log.storage.walk { run in
            guard run.firstOffset >= log.logStartOffset else { return .enter }
            let isExpired =
                isTooMuch(without: run.sizeInBytes)
                || isOld(run.leastTimestampMs) && isOld(run.greatestTimestampMs)
            guard isExpired else { return .enter }
            size -= run.sizeInBytes
            end = run.lastOffset + 1
            return .skip
        } _: { batch in
            if batch.lastOffset >= log.logStartOffset {
                guard isOld(batch.header.maxTimestampMs) || isTooMuch(without: batch.bytes.count) else { return false }
                end = batch.lastOffset + 1
            }
            size -= batch.bytes.count
            return true
        }
        return end
    }

    private func compact(nowMs: Int64, isForced: Bool) {
        for (_, topic) in topics.sorted(by: { $0.key < $1.key }) where topic.configuration.isCompacted {
            for log in topic.logs {
                let compaction = LogCompaction(
                    log: log, configuration: topic.configuration, codec: codec, nowMs: nowMs)
                do throws(StorageFailure) {
                    let end = try compaction.end
                    guard end > log.logStartOffset else { continue }
                    if !isForced { guard try compaction.isDue(to: end) else { continue } }
                    try compact(compaction, to: end)
                } catch { report(error) }
            }
        }
    }
}
