import Millrace

/// What a worker shows of what it is doing.
final class WorkerReport {
    private(set) var status = WorkerStatus()

    /// What is being retried; `nil` where nothing is.
    var trouble: String? { status.trouble }

    func note(trouble: String) { status.trouble = trouble }
    func clearTrouble() { status.trouble = nil }

    func noteCommit(took span: TimeSpan) {
        status.commits += 1
        status.commitTimes.add(span)
        status.trouble = nil
    }

    func noteDroppedResults(_ count: Int) { status.counts.dropped[.production, default: 0] += count }

    func note(foreignMembers: [String]) { status.foreignMembers = foreignMembers }

    /// Adds what a task has done since it was asked last.
    func count(_ task: TaskState) {
        guard task.hasCounts || status.countsByTask[task.id] == nil else { return }
        let counts = task.takeCounts()
        status.counts += counts
        status.countsByTask[task.id, default: TaskCounts()] += counts
    }

    /// Adds what a task has done that is being closed.
    func countLast(_ task: TaskState) {
        count(task)
        status.countsByTask[task.id] = nil
    }

    func note(_ phase: WorkerStatus.Phase, tasks: [TaskID], standbys: [TaskID]) {
        status.phase = phase
        // Compared first: to assign them would make every copy of the status one of its own.
        if status.tasks != tasks { status.tasks = tasks }
        if status.standbyTasks != standbys { status.standbyTasks = standbys }
    }

    func note(storeLags: [StoreLag]) { status.storeLags = storeLags }
    func note(lag: Int64) { status.lag = lag }
}
