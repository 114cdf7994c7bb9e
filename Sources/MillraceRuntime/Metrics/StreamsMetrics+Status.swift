import Millrace
import MillraceEngine

/// The moment at which metrics are read, and what is needed to interpret them.
struct MetricsReading {
    let topology: Topology
    let wallClockMs: Int64
    let monotonic: Moment

    /// Returns the sub-topology that has a store.
    func subtopology(of store: String) -> Int? {
        topology.subtopologies.first { $0.stores.contains { $0.name == store } }?.id
    }
}

extension StreamsMetrics {
    /// Adds the counts of a worker, of the global tables or of workers that have ended.
    mutating func add(_ status: WorkerStatus) {
        processedRecords += status.counts.processed
        restoredRecords += status.counts.restored
        standbyRecords += status.counts.updated
        deadLetteredRecords += status.counts.deadLettered
        deadLetteredRecordsByOperator.merge(status.counts.deadLetteredByOperator) {
            $0.merging($1, uniquingKeysWith: +)
        }
        droppedRecords.merge(status.counts.dropped, uniquingKeysWith: +)
        droppedRecordsByOperator.merge(status.counts.droppedByOperator) { $0.merging($1, uniquingKeysWith: +) }
        commits += status.commits
        commitTime += .milliseconds(status.commitTimes.totalMs)
        longestCommit = max(longestCommit, .milliseconds(status.commitTimes.longestMs))
        for (task, counts) in status.countsByTask {
            var metrics = byTask[task.description] ?? TaskMetrics()
            metrics.processedRecords += counts.processed
            metrics.restoredRecords += counts.restored
            metrics.standbyRecords += counts.updated
            metrics.deadLetteredByOperator.merge(counts.deadLetteredByOperator) { $0.merging($1, uniquingKeysWith: +) }
            metrics.droppedRecords.merge(counts.dropped, uniquingKeysWith: +)
            metrics.droppedByOperator.merge(counts.droppedByOperator) { $0.merging($1, uniquingKeysWith: +) }
            byTask[task.description] = metrics
        }
        for lag in status.storeLags { storeLags[lag.store, default: [:]][lag.partition] = lag }
        lag += status.lag
        tasks += status.tasks.map(\.description)
        standbyTasks += status.standbyTasks.map(\.description)
        if let trouble = status.trouble { troubles.append(trouble) }
        if !status.foreignMembers.isEmpty {
            troubles.append(
                "consumers that are no instances of this application are in its group: "
                    + status.foreignMembers.joined(separator: ", "))
        }
    }
}

extension StreamsMetrics {
    /// Adds the metrics of a thread that is alive.
    mutating func add(_ status: WorkerStatus, ofThread number: Int, _ reading: MetricsReading) {
        threads.append(ThreadMetrics(status, number: number, now: reading.monotonic))
        for task in status.countsByTask.keys { byTask[task.description]?.thread = number }
        for task in status.measures.tasks {
            var metrics = byTask[task.id.description] ?? TaskMetrics()
            metrics.endToEndLatency += task.endToEnd
            metrics.lateness += task.lateness
            metrics.recordsByOperator.merge(task.recordsByNode, uniquingKeysWith: +)
            metrics.storeOperations = task.engineTimes.mapValues(StoreOperationMetrics.all)
            metrics.isPaused = task.isPaused
            metrics.thread = number
            byTask[task.id.description] = metrics
        }
        partitions += status.measures.partitions.map {
            PartitionMetrics($0, thread: number, nowMs: reading.wallClockMs)
        }
        let standbys = Set(status.standbyTasks)
        for lag in status.storeLags {
            guard let subtopology = reading.subtopology(of: lag.store) else { continue }
            let task = TaskID(subtopology: subtopology, partition: lag.partition)
            storeProgress.append(
                StoreProgress(
                    store: lag.store, task: task.description, isStandby: standbys.contains(task),
                    missingRecords: lag.lag))
        }
    }
}

extension ThreadMetrics {
    init(_ status: WorkerStatus, number: Int, now: Moment) {
        self.init(id: number)
        let measures = status.measures
        state =
            switch status.phase {
            case .rebalancing: .rebalancing
            case .restoring: .restoring
            case .running: .running
            }
        for activity in WorkerActivity.allCases {
            guard let shown = Activity(rawValue: activity.rawValue) else { continue }
            activityTimes[shown] = measures.activities.time(of: activity)
            activityCounts[shown] = measures.activities.count(of: activity)
        }
        commitLatency = measures.commits
        rebalanceLatency = measures.rebalances
        aborts = measures.aborts
        timeSincePoll = measures.lastPoll.map { (now - $0).duration }
        dirtyStateSizeInBytes = measures.dirtySizeInBytes
    }
}
