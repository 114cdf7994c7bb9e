import Millrace

/// What a worker shows of what it is doing.
extension Worker {
    func updateStatus() {
        for task in tasks.all { count(task.state) }
        for state in openStandbys { count(state) }
        status.standbyTasks = standbys.keys.sorted()
        status.tasks = group.isActive ? tasks.all.map(\.id) : []
        status.phase = !group.isActive ? .rebalancing : restorer.isIdle ? .running : .restoring
        if !group.isActive, group.subscription == [], group.awaitedTopics.isEmpty { status.phase = .running }
        let isDue = lagUpdates.takeTurn(at: ports.clock.monotonic)
        if isDue || !restorer.isIdle {
            status.storeLags =
                restorer.lags + standbyReader.lags
                + openTasks.flatMap { restorer.isRestoring($0) ? [] : $0.state.storePositions }
        }
        if isDue { status.lag = tasks.slots.reduce(0) { $0 + lag(of: $1) } }
    }

    /// Adds what a task has done since it was asked last.
    func count(_ task: TaskState) {
        guard task.hasCounts || status.countsByTask[task.id] == nil else { return }
        let counts = task.takeCounts()
        status.counts += counts
        status.countsByTask[task.id, default: TaskCounts()] += counts
    }

    private func lag(of slot: TaskRegistry.Slot) -> Int64 {
        guard let end = ports.consumer.knownEndOffset(of: slot.partition),
            let next = slot.task.nextOffset(of: slot.partition)
        else { return 0 }
        return slot.isAtEnd && slot.task.isEmpty(slot.partition) ? 0 : max(0, end - next)
    }
}
