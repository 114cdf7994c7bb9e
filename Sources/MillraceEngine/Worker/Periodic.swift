import Millrace

/// A repeated action, with at least an interval of monotonic time between two repetitions.
struct Periodic {
    private let interval: TimeSpan
    private var last: Moment

    /// Makes an action that is first due an interval after the beginning.
    init(every interval: TimeSpan, from beginning: Moment) {
        self.interval = interval
        last = beginning
    }

    func isDue(at now: Moment) -> Bool { now - last >= interval }

    /// Returns the time until the action is due; zero if it is due now.
    func wait(at now: Moment) -> TimeSpan { max(.zero, last + interval - now) }

    /// Records that the action is done now.
    mutating func done(at now: Moment) { last = now }

    /// Returns whether the action is due. If it is, it counts as done.
    mutating func takeTurn(at now: Moment) -> Bool {
        guard isDue(at: now) else { return false }
        last = now
        return true
    }
}
