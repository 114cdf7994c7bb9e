/// An activity of a worker. Every moment of a worker's time belongs to one of them.
package enum WorkerActivity: String, CaseIterable, Sendable {
    /// Waiting for records and fetching them.
    case poll
    /// Processing records, including punctuations on stream time.
    case process
    /// Punctuations on the wall clock, and the starts of operators.
    case punctuate
    case commit
    /// Writing committed state to disk.
    case checkpoint
    /// Reading changelogs to restore stores.
    case restore
    /// Reading changelogs to keep standbys up to date.
    case standby
    /// Everything else: the group, the topics, the report.
    case other

    fileprivate var index: Int {
        switch self {
        case .poll: 0
        case .process: 1
        case .punctuate: 2
        case .commit: 3
        case .checkpoint: 4
        case .restore: 5
        case .standby: 6
        case .other: 7
        }
    }
}

/// The times that a worker has spent on each activity, and how often it began each.
package struct ActivityTimes: Sendable {
    private var nanoseconds = InlineArray<8, Int64>(repeating: 0)
    private var counts = InlineArray<8, Int64>(repeating: 0)

    package init() {}

    package func time(of activity: WorkerActivity) -> Duration { .nanoseconds(nanoseconds[activity.index]) }
    package func count(of activity: WorkerActivity) -> Int { Int(counts[activity.index]) }

    fileprivate mutating func add(_ span: Int64, to activity: WorkerActivity) { nanoseconds[activity.index] &+= span }
    fileprivate mutating func count(_ activity: WorkerActivity) { counts[activity.index] &+= 1 }
}

/// Attributes a worker's time to its activities. It reads the clock only when the activity changes, and only while somebody
/// watches.
final class Stopwatch {
    private let clock: any WallClock
    private var activity = WorkerActivity.other
    private var since: Int64 = 0
    private var isRunning = false
    private(set) var times = ActivityTimes()

    init(_ clock: any WallClock) { self.clock = clock }

    /// Starts or stops measuring. Call it between two activities.
    func run(_ isWatched: Bool) {
        guard isWatched != isRunning else { return }
        isRunning = isWatched
        if isWatched { since = clock.monotonicNanoseconds() }
    }

    /// Runs the body and counts its time as this activity's; activities within the body count separately.
    func during<Result>(_ activity: WorkerActivity, _ body: () throws -> Result) rethrows -> Result {
        guard isRunning else { return try body() }
        let outer = self.activity
        change(to: activity)
        times.count(activity)
        defer { change(to: outer) }
        return try body()
    }

    private func change(to next: WorkerActivity) {
        let now = clock.monotonicNanoseconds()
        times.add(now &- since, to: activity)
        since = now
        activity = next
    }
}
