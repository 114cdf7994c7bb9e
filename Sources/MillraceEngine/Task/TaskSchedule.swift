import Millrace

/// What a task does of its own accord: at its start, at certain times, at its end.
final class TaskSchedule {
    private let clock: any Clock
    private let streamTime = PunctuationQueue()
    private let wallClock = PunctuationQueue()
    /// In the order of instantiation, children before parents.
    @exclusivity(unchecked) var starts: [() throws -> Void] = []
    var closes: [() throws -> Void] = []
    /// Whether an operator has asked for a commit.
    var isCommitRequested = false

    init(clock: any Clock) {
        self.clock = clock
    }

    var wallClockMs: Int64 { clock.wallClockMs() }
    var monotonicMs: Int64 { clock.monotonicMs() }

    /// When a punctuation on the wall clock is due next, in monotonic time; `nil` where none is waiting.
    var nextOnWallClock: Moment? { wallClock.next }

    /// On stream time the first call comes with the first record, on the wall clock after the interval.
    ///
    /// That interval is one of monotonic time, so that nothing stalls where the wall clock is set back. What is called gets the
    /// wall clock's time.
    func add(
        every interval: TimeSpan, on type: PunctuationType, _ action: @escaping (Int64) throws -> Void
    ) -> Punctuation {
        switch type {
        case .streamTime: streamTime.add(first: .epoch, every: interval) { try action($0.ms) }
        case .wallClockTime:
            wallClock.add(first: clock.monotonic + interval, every: interval) { [clock] _ in
                try action(clock.wallClockMs())
            }
        }
    }

    /// Starts the operators, parents before children.
    func start() throws {
        while let start = starts.popLast() { try start() }
    }

    /// Runs the punctuations that are due at a stream time. Returns whether there were any.
    func punctuate(streamTimeMs: Int64) throws -> Bool {
        try streamTimeMs >= 0 && streamTime.run(until: Moment(ms: streamTimeMs))
    }

    /// Runs the punctuations that are due by the wall clock. Returns whether there were any.
    func punctuateWallClock() throws -> Bool { try wallClock.run(until: clock.monotonic) }

    /// Ends the operators and lets everything go that refers to them.
    func close() throws {
        starts = []
        streamTime.removeAll()
        wallClock.removeAll()
        var failure: (any Error)?
        while let close = closes.popLast() {
            do { try close() } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }
}
