import Millrace
public import MillraceTesting
import RiskScore

/// The topologies that are simulated, each with random records.
public enum Scenarios {
    public static var all: [Simulation] {
        [
            risk, riskAtLeastOnce, rekeyedCount, tableJoin, changesOnly, visits, foreignKeyJoin, streamJoin,
            versionedTable, readFromTime,
        ]
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

    /// Orders counted by customer: a changed key, and so a repartition topic between two sub-topologies.
    public static var rekeyedCount: Simulation {
        Simulation(
            "rekeyed-count", topics: ["orders": 3, "counts": 3], outputs: ["counts"],
            define: { builder in
                builder.stream("orders", key: .string, value: .string)
                    .selectKey { _, customer in customer }
                    .groupByKey()
                    .count(into: Materialized.store("orders-by-customer").withoutCache())
                    .toStream()
                    .to("counts")
            },
            inputs: { random in
                (0..<60).map { number in
                    let customer = "customer-\(Int.random(in: 0..<6, using: &random))"
                    return SimulatedRecord(
                        topic: "orders", key: Array("order-\(number)".utf8), value: Array(customer.utf8),
                        timestampMs: Int64(number * 10))
                }
            })
    }

    /// Two tables joined: two inputs of one task, and two stores that a third operator reads. What a join emits depends on
    /// which side comes first, so only the last value of each key is given.
    public static var tableJoin: Simulation {
        var simulation = Simulation(
            "table-join", topics: ["names": 3, "limits": 3, "accounts": 3], outputs: ["accounts"],
            define: { builder in
                let names = builder.table(
                    "names", key: .string, value: .string, into: Materialized.store("names").withoutCache())
                let limits = builder.table(
                    "limits", key: .string, value: .string, into: Materialized.store("limits").withoutCache())
                names.join(limits) { name, limit in "\(name) may spend \(limit)" }.toStream().to("accounts")
            },
            inputs: { random in
                (0..<80).map { number in
                    let account = "acct-\(Int.random(in: 0..<6, using: &random))"
                    let isName = Bool.random(using: &random)
                    let isDeletion = Int.random(in: 0..<10, using: &random) == 0
                    return SimulatedRecord(
                        topic: isName ? "names" : "limits", key: Array(account.utf8),
                        value: isDeletion ? nil : Array("\(isName ? "name" : "limit")-\(number)".utf8),
                        timestampMs: Int64(number * 10))
                }
            })
        simulation.comparison = .lastValues
        return simulation
    }

    /// A processor with a store of its own, which hands on changes only, and asks for commits by the wall clock.
    public static var changesOnly: Simulation {
        Simulation(
            "changes-only", topics: ["settings": 3, "changes": 3], outputs: ["changes"],
            define: { builder in
                let last = Stores.keyValue("last-settings", key: .string, value: .string)
                builder.stream("settings", key: .string, value: .string)
                    .processValues(stores: [last]) { (context: FixedKeyProcessorContext<String, String>) in
                        let store = try context.store(last)
                        try context.schedule(every: .milliseconds(30), on: .wallClockTime) { _ in
                            context.requestCommit()
                        }
                        return { record in
                            guard let key = record.key, try store.get(key) != record.value else { return }
                            try store.put(key, record.value)
                            try context.forward(record)
                        }
                    }
                    .to("changes")
            },
            inputs: { random in
                (0..<60).map { number in
                    let key = "setting-\(Int.random(in: 0..<6, using: &random))"
                    let value = Int.random(in: 0..<3, using: &random)
                    return SimulatedRecord(
                        topic: "settings", key: Array(key.utf8), value: value == 0 ? nil : Array("\(value)".utf8),
                        timestampMs: Int64(number * 10))
                }
            })
    }

    /// Visits to pages: counted in hopping windows, and joined into sessions, out of order. The grace is longer than the
    /// whole run, for stream time is each partition's own.
    public static var visits: Simulation {
        Simulation(
            "visits", topics: ["visits": 3, "visits-per-minute": 3, "sessions": 3],
            outputs: ["visits-per-minute", "sessions"],
            define: { builder in
                let visits = builder.stream("visits", key: .string, value: .string).groupByKey()
                visits.windowedBy(.hopping(.seconds(60), advance: .seconds(30), grace: .seconds(86_400)))
                    .count(into: Materialized.store("visits-per-minute").withoutCache())
                    .toStream().to("visits-per-minute")
                visits.windowedBy(.session(gap: .seconds(40), grace: .seconds(86_400)))
                    .reduce(into: Materialized.store("sessions").withoutCache()) { pages, page in pages + " " + page }
                    .toStream().to("sessions")
            },
            inputs: { random in
                (0..<80).map { number in
                    SimulatedRecord(
                        topic: "visits", key: Array("user-\(Int.random(in: 0..<6, using: &random))".utf8),
                        value: Array("page-\(number)".utf8),
                        timestampMs: Int64(number * 5_000 + Int.random(in: 0..<60_000, using: &random)))
                }
            })
    }

    private static func json(_ event: RiskEvent) -> [UInt8]? {
        // A RiskEvent is always encodable: its score is a finite number.
        try? Serde.json(RiskEvent.self).bytes(of: event)
    }
}
