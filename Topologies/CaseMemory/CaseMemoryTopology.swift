public import Millrace
public import MillraceVectors

/// A memory of past fraud cases that a fleet of agents decides with: event → risk score → the five most similar cases → decision.
///
/// A decision that is confirmed becomes a case, so the next similar event is decided with it. The cases are a global table: every
/// instance has all of them in an index next to the code that decides, and no decision waits for a database.
public struct CaseMemoryTopology: Sendable {
    public static let events = "fraud-events"
    public static let cases = "fraud-cases"
    public static let confirmations = "fraud-confirmations"
    public static let decisions = "fraud-decisions"
    public static let caseStore = "case-store"
    public static let riskStore = "case-risk-store"
    public static let decisionStore = "case-decision-store"

    /// The index of the cases by their embeddings.
    public static let similarCases = VectorIndex<String, FraudCase>(
        "similar-cases", of: \.embedding, dimensions: 384)

    /// The lowest similarity at which a case counts. 0.4 by default: with all-MiniLM-L6-v2, texts below it rarely tell of the same.
    public var minSimilarity: Double

    public init(minSimilarity: Double = 0.4) {
        self.minSimilarity = minSimilarity
    }

    public func define(in builder: StreamsBuilder) {
        let minSimilarity = minSimilarity
        let cases = builder.globalTable(
            Self.cases, key: .string, value: .json(FraudCase.self),
            into: .store(Self.caseStore).indexed(by: Self.similarCases))
        let decisions =
            builder
            .stream(Self.events, key: .string, value: .json(FraudEvent.self))
            .groupByKey()
            .aggregate(into: .store(Self.riskStore, value: .json()).withoutCache(), initial: AccountRisk()) {
                _, event, risk in
                AccountRisk(riskScore: max(risk.riskScore, event.score), latest: event)
            }
            .toStream()
            .join(
                similarTo: { risk in risk.latest?.embedding ?? [] }, in: cases, by: Self.similarCases, count: 5,
                result: .json(Decision.self)
            ) { risk, matches in
                risk.latest.map { event in
                    Decision(
                        on: event, riskScore: risk.riskScore, precedents: matches.map(Decision.Precedent.init),
                        minSimilarity: minSimilarity)
                }
            }
            .selectKey(key: .string) { _, decision in decision.event.id }
            .toTable(into: .store(Self.decisionStore))
        decisions.toStream().to(Self.decisions)
        builder
            .stream(Self.confirmations, key: .string, value: .json(Confirmation.self))
            .join(decisions, result: .json(FraudCase.self)) { confirmation, decision in
                FraudCase(
                    text: decision.event.text, isFraud: confirmation.isFraud, embedding: decision.event.embedding)
            }
            .to(Self.cases)
    }
}

extension Decision.Precedent {
    init(_ match: VectorMatch<String, FraudCase>) {
        self.init(
            caseID: match.key, similarity: Double(match.score), isFraud: match.value.isFraud, text: match.value.text)
    }
}
