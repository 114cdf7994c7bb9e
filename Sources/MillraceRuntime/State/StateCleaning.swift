import Millrace

/// The times at which to look for the state of tasks that have moved away: as often as the delay after which it is deleted, but at
/// most once a second and at least once a minute. Kafka: the `stateDirCleaner` of `KafkaStreams`.
struct StateCleaning {
    private let interval: TimeSpan
    private var next: Moment

    /// - Parameter now: in monotonic time.
    init(delay: Duration, now: Moment) {
        // A folder's age counts in whole seconds, and a task may leave right after a check.
        interval = min(max(TimeSpan(ms: 1_000), TimeSpan(delay)), TimeSpan(ms: 60_000))
        next = now + interval
    }

    /// Returns the time until the next check, in milliseconds.
    func waitMs(at now: Moment) -> Int { Int(clamping: max(.zero, next - now).ms) }

    /// Whether a check is due. If it is, the next one is an interval later.
    mutating func isDue(at now: Moment) -> Bool {
        guard next.isReached(by: now) else { return false }
        next = now + interval
        return true
    }
}
