import Millrace

/// The report of a worker on its activity.
final class WorkerReport {
    private(set) var status = WorkerStatus()
    /// The last error that is retried.
    private var passing: String? { didSet { status.trouble = wait ?? passing } }
    /// The wait for topics. It goes on whatever else fails meanwhile, so it is shown first.
    private var wait: String? { didSet { status.trouble = wait ?? passing } }
    private var troubleChecks: Periodic
    private var lagUpdates: Periodic

    init(_ context: WorkerContext) {
        troubleChecks = context.every(1_000)
        lagUpdates = context.every(500)
    }

    /// The error that is being retried; `nil` if there is none.
    var trouble: String? { status.trouble }

    /// The measurements beside the counts.
    var measures: WorkerMeasures {
        get { status.measures }
        _modify { yield &status.measures }
    }

    func record(trouble: String) { passing = trouble }
    func clearTrouble() { if passing != nil { passing = nil } }

    /// Records why the worker waits for topics; `nil` if it does not.
    func record(wait: String?) { if wait != self.wait { self.wait = wait } }

    func recordCommit(took span: TimeSpan) {
        status.commits += 1
        status.commitTimes.add(span)
        status.measures.commits.add(ms: span.ms)
        clearTrouble()
    }

    func recordDroppedResults(_ count: Int) { status.counts.dropped[.production, default: 0] += count }

    func record(foreignMembers: [String]) { status.foreignMembers = foreignMembers }

    /// Adds the counts of a task since it was last asked.
    func count(_ task: TaskState) {
        guard task.hasCounts || status.countsByTask[task.id] == nil else { return }
        let counts = task.takeCounts()
        status.counts += counts
        status.countsByTask[task.id, default: TaskCounts()] += counts
    }

    /// Adds the last counts of a task that is being closed.
    func countLast(_ task: TaskState) {
        count(task)
        status.countsByTask[task.id] = nil
    }

    func record(_ phase: WorkerStatus.Phase, tasks: [TaskID], standbys: [TaskID]) {
        status.phase = phase
        // Compared first, because an assignment would copy the arrays of every shared status.
        if status.tasks != tasks { status.tasks = tasks }
        if status.standbyTasks != standbys { status.standbyTasks = standbys }
    }

    func record(storeLags: [StoreLag]) { status.storeLags = storeLags }
    func record(lag: Int64) { status.lag = lag }

    /// Whether it is time to check whether a trouble is over. Takes the turn.
    func isTroubleCheckDue(at now: Moment) -> Bool { troubleChecks.takeTurn(at: now) }

    /// Whether it is time to compute the lags again. Takes the turn.
    func isLagDue(at now: Moment) -> Bool { lagUpdates.takeTurn(at: now) }
}
