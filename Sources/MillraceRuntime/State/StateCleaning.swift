import Millrace

/// When to look for the state of tasks that have moved away: as often as the delay after which it goes, but no more than once a
/// second. Kafka: the `stateDirCleaner` of `KafkaStreams`.
struct StateCleaning {
    private let interval: TimeSpan
    private var next: Moment

    /// - Parameter now: in monotonic time.
    init(delay: Duration, now: Moment) {
        // A folder's age counts in whole seconds, and a task may leave right after a look.
        interval = min(max(TimeSpan(ms: 1_000), TimeSpan(delay)), TimeSpan(ms: 60_000))
        next = now + interval
    }

    /// How long to wait until the next look, in milliseconds.
    func waitMs(at now: Moment) -> Int { Int(clamping: max(.zero, next - now).ms) }

    /// Whether to look now; the next look comes an interval later.
    mutating func isDue(at now: Moment) -> Bool {
        guard next.isReached(by: now) else { return false }
        next = now + interval
        return true
    }
}
