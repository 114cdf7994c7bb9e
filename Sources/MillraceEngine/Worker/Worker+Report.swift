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
        report.note(phase, tasks: isActive ? tasks.ids : [], standbys: standbys.ids)
        if isLagDue || !restorer.isIdle {
            report.note(
                storeLags: restorer.lags + standbys.lags + restored(tasks.all).flatMap(\.state.storePositions))
        }
        if isLagDue { report.note(lag: tasks.slots.reduce(0) { $0 + lag(of: $1) }) }
    }

    private func lag(of slot: TaskRegistry.Slot) -> Int64 {
        if slot.isAtEnd, slot.task.isEmpty(slot.partition) { return 0 }
        guard let end = ports.consumer.knownEndOffset(of: slot.partition),
            let next = slot.task.nextOffset(of: slot.partition)
        else { return 0 }
        return max(0, end - next)
    }

    /// Clears a trouble that the consumer reported, once the broker answers again although there is nothing to read.
    func clearTroubleIfOver() {
        guard report.trouble != nil, topics.awaited.isEmpty, !retry.hasFailed,
            report.isTroubleCheckDue(at: context.now)
        else { return }
        if ports.consumer.isAnswered() { report.clearTrouble() }
    }
}
