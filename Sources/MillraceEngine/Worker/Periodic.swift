import Millrace

/// Something that is done again and again, at least an interval apart, in monotonic time.
struct Periodic {
    private let interval: TimeSpan
    private var last: Moment

    /// The first time comes an interval after the beginning.
    init(every interval: TimeSpan, from beginning: Moment) {
        self.interval = interval
        last = beginning
    }

    func isDue(at now: Moment) -> Bool { now - last >= interval }

    /// The time until it is due; zero where it is.
    func wait(at now: Moment) -> TimeSpan { max(.zero, last + interval - now) }

    /// Notes that it is done now.
    mutating func done(at now: Moment) { last = now }

    /// Whether it is due; if so it counts as done.
    mutating func takeTurn(at now: Moment) -> Bool {
        guard isDue(at: now) else { return false }
        last = now
        return true
    }
}
