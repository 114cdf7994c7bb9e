/// A case that was confirmed, as JSON in the topic `fraud-cases`, keyed by the case's id. A tombstone deletes the case.
public struct FraudCase: Codable, Sendable, Hashable {
    /// The case in words.
    public var text: String
    public var isFraud: Bool
    /// The embedding of `text`: 384 components of all-MiniLM-L6-v2.
    public var embedding: [Float]

    public init(text: String, isFraud: Bool, embedding: [Float]) {
        self.text = text
        self.isFraud = isFraud
        self.embedding = embedding
    }
}

/// What an investigation has found out about an event, as JSON in the topic `fraud-confirmations`, keyed by the event's id.
public struct Confirmation: Codable, Sendable, Hashable {
    public var isFraud: Bool

    public init(isFraud: Bool) {
        self.isFraud = isFraud
    }
}
