/// A decision on an event, as JSON in the topic `fraud-decisions`, keyed by the event's id.
public struct Decision: Codable, Sendable, Hashable {
    public enum Verdict: String, Codable, Sendable {
        case allow
        case review
        case block
    }

    /// A past case that the decision rests on.
    public struct Precedent: Codable, Sendable, Hashable {
        public var caseID: String
        /// The cosine of the angle between the event's embedding and the case's, −1 to 1.
        public var similarity: Double
        public var isFraud: Bool
        public var text: String

        public init(caseID: String, similarity: Double, isFraud: Bool, text: String) {
            self.caseID = caseID
            self.similarity = similarity
            self.isFraud = isFraud
            self.text = text
        }
    }

    public var event: FraudEvent
    /// The account's risk score, from 0, harmless, to 1.
    public var riskScore: Double
    /// The most similar past cases, the most similar first.
    public var precedents: [Precedent]
    public var verdict: Verdict

    /// Decides on an event.
    ///
    /// Precedents count by their similarity; those below `minSimilarity` do not count. The share of fraud among them and the risk score count
    /// equally. Without precedents only the risk score counts.
    ///
    /// - Parameters:
    ///   - event: the event.
    ///   - riskScore: the account's risk score.
    ///   - precedents: the most similar past cases.
    ///   - minSimilarity: the lowest similarity that counts.
    public init(on event: FraudEvent, riskScore: Double, precedents: [Precedent], minSimilarity: Double) {
        self.event = event
        self.riskScore = riskScore
        self.precedents = precedents
        let counted = precedents.filter { $0.similarity >= minSimilarity }
        let weight = counted.reduce(0) { $0 + $1.similarity }
        let fraud = counted.reduce(0) { $0 + ($1.isFraud ? $1.similarity : 0) }
        let suspicion = weight > 0 ? (riskScore + fraud / weight) / 2 : riskScore
        verdict = suspicion >= 0.7 ? .block : suspicion >= 0.4 ? .review : .allow
    }
}
