import Millrace

/// The part of a worker that brings its report up to date.
extension Worker {
    func updateReport() {
        // Stores that are being restored count even while their tasks are asleep.
        for task in restorer.isIdle ? tasks.awake : tasks.all { report.count(task.state) }
        let isLagDue = report.isLagDue(at: context.now)
        if standbys.hasMore || isLagDue { for state in standbys.open { report.count(state) } }
        let hasNothingToRead = membership.state == .unassigned && topics.isSubscribedToNone
        let phase: WorkerStatus.Phase =
            isActive ? (restorer.isIdle ? .running : .restoring) : hasNothingToRead ? .running : .rebalancing
        report.record(wait: topics.wait)
        report.record(phase, tasks: isActive ? tasks.ids : [], standbys: standbys.ids)
        if isLagDue || !restorer.isIdle {
            report.record(
                storeLags: restorer.lags + standbys.lags + restored(tasks.all).flatMap(\.state.storePositions))
        }
        report.measures.activities = stopwatch.times
        guard isLagDue else { return }
        updateMeasures()
        report.record(lag: report.measures.partitions.reduce(0) { $0 + ($1.lag ?? 0) })
    }

    /// Clears a trouble that the consumer reported, once the broker answers again although there is nothing to read.
    func clearTroubleIfOver() {
        guard report.trouble != nil, topics.awaited.isEmpty, !retry.hasFailed,
            report.isTroubleCheckDue(at: context.now)
        else { return }
        if ports.consumer.isAnswered() { report.clearTrouble() }
    }
}
