/// One scored action of an account, as JSON in the topic `risk-events`, keyed by the account.
public struct RiskEvent: Codable, Sendable, Hashable {
    public var account: String
    /// From 0, harmless, to 1.
    public var score: Double
    /// The time of the action, in milliseconds since the epoch.
    public var timestampMs: Int64

    public init(account: String, score: Double, timestampMs: Int64) {
        self.account = account
        self.score = score
        self.timestampMs = timestampMs
    }
}
