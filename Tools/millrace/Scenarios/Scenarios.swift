import Millrace
public import MillraceTesting
import RiskScore

/// The topologies that are simulated, each with random records: whole applications, and every operator that keeps state.
public enum Scenarios {
    public static var all: [Simulation] {
        [risk, riskAtLeastOnce, readFromTime, lateTopics, growingTopic, recreatedTopic, customStores, indexedTable]
            + ofVectors + StatefulOperator.all.map(\.simulation)
    }

    /// The risk score: one stateful step, no repartitioning.
    public static var risk: Simulation {
        Simulation(
            "risk", topics: ["risk-events": 3, "risk-scores": 3, "risk-alerts": 2],
            outputs: ["risk-scores", "risk-alerts"],
            define: { builder in RiskScoreTopology().define(in: builder) },
            inputs: { random in
                (0..<60).map { number in
                    let account = "acct-\(Int.random(in: 0..<8, using: &random))"
                    let event = RiskEvent(
                        account: account, score: Double.random(in: 0...1, using: &random),
                        timestampMs: Int64(number * 10 + Int.random(in: 0..<50, using: &random)))
                    return SimulatedRecord(
                        topic: "risk-events", key: Array(account.utf8), value: json(event),
                        timestampMs: event.timestampMs)
                }
            })
    }

    /// The same without transactions: nothing may be lost, and the last score of each account has to be right.
    public static var riskAtLeastOnce: Simulation {
        var simulation = risk
        simulation.name = "risk-at-least-once"
        simulation.guarantee = .atLeastOnce
        simulation.outputs = ["risk-scores"]
        return simulation
    }

    /// A scenario by its name.
    public static func named(_ name: String) -> Simulation? { all.first { $0.name == name } }

    private static func json(_ event: RiskEvent) -> [UInt8]? {
        // A RiskEvent is always encodable: its score is a finite number.
        try? Serde.json(RiskEvent.self).bytes(of: event)
    }
}
