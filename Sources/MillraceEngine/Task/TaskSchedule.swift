import Millrace

/// The actions of a task that no record triggers: at its start, at certain times, at its end.
final class TaskSchedule {
    let clock: any WallClock
    private let streamTime = PunctuationQueue()
    private let wallClock = PunctuationQueue()
    /// The starts of the operators, in the order of instantiation, children before parents.
    @exclusivity(unchecked) var starts: [() throws -> Void] = []
    var closes: [() throws -> Void] = []
    /// Whether an operator has asked for a commit.
    var isCommitRequested = false

    init(clock: any WallClock) {
        self.clock = clock
    }

    var wallClockMs: Int64 { clock.wallClockMs() }
    var monotonicMs: Int64 { clock.monotonicMs() }

    /// The monotonic time of the next wall-clock punctuation; `nil` if none is waiting.
    var nextOnWallClock: Moment? { wallClock.next }

    /// Adds a punctuation. On stream time its first call comes with the first record, on the wall clock after the interval.
    ///
    /// The wall-clock interval is measured in monotonic time, so that nothing stalls if the wall clock is set back. The action gets
    /// the wall clock's time.
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

    /// Ends the operators and releases everything that refers to them.
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
