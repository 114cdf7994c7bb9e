import Millrace

/// When to look for the state of tasks that have moved away: as often as the delay after which it goes, but no more than once a
/// second. Kafka: the `stateDirCleaner` of `KafkaStreams`.
struct StateCleaning {
    private let intervalMs: Int64
    private var nextMs: Int64

    init(delay: Duration, nowMs: Int64) {
        // A folder's age counts in whole seconds, and a task may leave right after a look.
        intervalMs = min(max(1_000, delay.milliseconds), 60_000)
        nextMs = nowMs + intervalMs
    }

    /// How long to wait until the next look.
    func waitMs(nowMs: Int64) -> Int { Int(clamping: max(0, nextMs - nowMs)) }

    /// Whether to look now; the next look comes an interval later.
    mutating func isDue(nowMs: Int64) -> Bool {
        guard nowMs >= nextMs else { return false }
        nextMs = nowMs + intervalMs
        return true
    }
}
