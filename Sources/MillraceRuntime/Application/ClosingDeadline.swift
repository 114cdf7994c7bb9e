import Millrace

/// How long an application that was asked to stop waits for its workers.
///
/// A worker closes its clients, and librdkafka can wait for a broker there without an end. What a process was asked to do has
/// to end all the same.
struct ClosingDeadline {
    private let limit: Duration
    private var end = Moment.distantFuture

    init(_ limit: Duration) { self.limit = limit }

    /// Starts the time. Later calls change nothing.
    ///
    /// - Parameter now: in monotonic time.
    mutating func begin(at now: Moment) {
        if end == .distantFuture { end = now + TimeSpan(ms: max(0, limit.milliseconds)) }
    }

    func hasPassed(at now: Moment) -> Bool { end.isReached(by: now) }

    /// How long to wait until it has passed, in milliseconds.
    func waitMs(at now: Moment) -> Int { Int(clamping: max(0, (end - now).ms)) }

    /// The error that says so.
    func passed(workers: Int) -> StreamsError {
        StreamsError(
            .broker,
            "\(workers) \(workers == 1 ? "worker has" : "workers have") not closed within \(limit): the broker, or the "
                + "client library, does not answer. The application ends without waiting any longer; what was not committed "
                + "is processed again after the next start")
    }
}
