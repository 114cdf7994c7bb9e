public import Millrace

/// The fraud risk score: for each account the highest score that any of its events has had.
///
/// Every event updates its account's score in `risk-store` and emits it to `risk-scores`, at once and without a cache, because
/// a decision waits for it. Scores at or above the alert threshold also go to `risk-alerts`. The event carries its event time.
public struct RiskScoreTopology: Sendable {
    public static let events = "risk-events"
    public static let scores = "risk-scores"
    public static let alerts = "risk-alerts"
    public static let store = "risk-store"

    /// The lowest score that is an alert. 0.95 by default.
    public var alertThreshold: Double

    public init(alertThreshold: Double = 0.95) {
        self.alertThreshold = alertThreshold
    }

    public func define(in builder: StreamsBuilder) {
        let threshold = alertThreshold
        let scores =
            builder
            .stream(Self.events, key: .string, value: .json(RiskEvent.self), timestamp: .value(\.timestampMs))
            .groupByKey()
            .aggregate(into: .store(Self.store, value: .double).withoutCache(), initial: 0) { _, event, highest in
                max(event.score, highest)
            }
            .toStream()
        scores.to(Self.scores)
        scores.filter { _, score in score >= threshold }.to(Self.alerts)
    }
}
