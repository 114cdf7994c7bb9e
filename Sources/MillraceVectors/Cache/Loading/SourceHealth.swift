import Millrace

/// Whether a source answers, as its loads tell, and when the next load may begin.
///
/// Some failures in a row are no reason to stop: single keys may be bad. After more of them nothing is asked of the source but one load at a
/// time, with pauses between that grow. The first answer ends that.
struct SourceHealth {
    private let delays: RetryDelays
    private let pauses: Bool
    /// The loads that have failed since the source last answered.
    private(set) var failures = 0
    private var pausedUntilMs = Int64.min
    private var lastBatch = 0

    /// The failures in a row after which loads pause.
    static let threshold = 4

    init(_ delays: RetryDelays, pauses: Bool) {
        self.delays = delays
        self.pauses = pauses
    }

    /// Whether it seems to be away.
    var isAway: Bool { pauses && failures >= Self.threshold }

    /// The moment from which on the next load may begin, if nothing else runs; `nil` if any may at once.
    var nextLoadMs: Int64? { isAway ? pausedUntilMs : nil }

    mutating func answered() { failures = 0 }

    /// Records a failed load.
    ///
    /// - Parameters:
    ///   - batch: The number of the load.
    ///   - started: The number of the load that began last.
    ///   - isNews: Whether keys took part that have not failed alone before; otherwise it may be the fault of the key.
    mutating func failed(
        batch: Int, started: Int, isNews: Bool, nowMs: Int64, _ random: inout XorShift
    ) {
        // Loads that ran side by side fail for the same reason, which counts once.
        let isCounted = isNews && (!isAway || batch > lastBatch)
        if isCounted { failures += 1 }
        guard isAway else { return }
        lastBatch = started
        let pause = delays.delayMs(attempt: failures - Self.threshold + 1, &random)
        pausedUntilMs = (Moment(ms: nowMs) + TimeSpan(ms: pause)).ms
    }
}

/// The times before a failed load is repeated: each twice as long as the one before, up to a bound, less up to a half by chance.
struct RetryDelays: Sendable {
    var firstMs: Int64
    var longestMs: Int64

    func delayMs(attempt: Int, _ random: inout XorShift) -> Int64 {
        let doubled = TimeSpan(ms: firstMs) * (1 << Int64(min(max(0, attempt - 1), 30)))
        let limit = max(1, min(longestMs, doubled.ms))
        return limit - Int64(random.next() % UInt64(limit / 2 + 1))
    }
}

/// Numbers from a seed, fast and good enough for choices without an opponent.
struct XorShift {
    private var state: UInt64

    init(seed: UInt64) { state = seed | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
