/// Something that an account has done, as JSON in the topic `fraud-events`, keyed by the account.
public struct FraudEvent: Codable, Sendable, Hashable {
    /// The event's id, by which its decision is confirmed later.
    public var id: String
    public var account: String
    /// How suspicious the event is by itself, from 0, harmless, to 1.
    public var score: Double
    /// The event in words.
    public var text: String
    /// The embedding of `text`: 384 components of all-MiniLM-L6-v2. The agent that wrote the event has computed it.
    public var embedding: [Float]

    public init(id: String, account: String, score: Double, text: String, embedding: [Float]) {
        self.id = id
        self.account = account
        self.score = score
        self.text = text
        self.embedding = embedding
    }
}

/// The highest score that an account has had, and the event that it was computed for last. The aggregate in the store `case-risk-store`.
public struct AccountRisk: Codable, Sendable, Hashable {
    public var riskScore: Double
    /// `nil` before the account's first event.
    public var latest: FraudEvent?

    public init(riskScore: Double = 0, latest: FraudEvent? = nil) {
        self.riskScore = riskScore
        self.latest = latest
    }
}
