/// The pauses between the attempts of a read: each is twice as long as the one before, up to a bound.
struct Patience: Sendable {
    private var pause: Duration
    private let longest: Duration

    init(upTo longest: Duration) {
        pause = .milliseconds(10)
        self.longest = longest
    }

    /// Returns the pause before the next attempt; `nil` if the time that is left is too short for one.
    mutating func next(within rest: Duration) -> Duration? {
        guard rest > pause else { return nil }
        defer { pause = min(pause * 2, longest) }
        return pause
    }

    /// Returns the pause after a failure; `nil` if it is final, or if the instance that has forwarded the read tries again itself.
    mutating func next(after failure: some RoutingFailure, isForwarded: Bool, within rest: Duration) -> Duration? {
        failure.course == .temporary && !isForwarded ? next(within: rest) : nil
    }
}
