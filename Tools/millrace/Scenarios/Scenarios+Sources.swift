import Millrace
public import MillraceTesting

extension Scenarios {
    /// Payments of topics that match a pattern. Two of them are created while the instances run, with more partitions than
    /// there were, so that there are more tasks to be shared out. All are of one time, for it is not given in which order a task
    /// reads its topics.
    public static var lateTopics: Simulation {
        var simulation = Simulation(
            "late-topics", topics: ["payments-card": 3, "payments-cash": 5, "payments-cheque": 6, "counts": 3],
            outputs: ["counts"],
            define: { builder in
                builder.stream(matching: "payments-.*", key: .string, value: .string)
                    .repartition(named: "payments", partitions: 3).groupByKey().count(
                        into: Materialized.store("counts").withoutCache()
                    )
                    .toStream().to("counts")
            },
            inputs: { random in
                (0..<90).map { number in
                    // The ways to pay come into use one after the other.
                    let way = ["card", "cash", "cheque"][Int.random(in: 0...(number / 30), using: &random)]
                    let key = "payer-\(Int.random(in: 0..<8, using: &random))"
                    return SimulatedRecord(
                        topic: "payments-\(way)", key: Array(key.utf8), value: Array("payment-\(number)".utf8),
                        timestampMs: 1_000)
                }
            })
        simulation.lateTopics = ["payments-cash", "payments-cheque"]
        return simulation
    }

    /// Orders that are read from a time before all of them on, and counted behind a partitioner of its own: where reading begins
    /// is asked of the broker, and committed before there is anything else.
    public static var readFromTime: Simulation {
        Simulation(
            "read-from-time", topics: ["orders": 3, "counts": 3], outputs: ["counts"],
            define: { builder in
                builder.stream(
                    "orders", key: .string, value: .string, offsetReset: .byDuration(.seconds(86_400))
                )
                .repartition(named: "by-length") { record, count in .one(Int32(record.key?.utf8.count ?? 0) % count) }
                .groupByKey().count(into: Materialized.store("counts").withoutCache())
                .toStream().to("counts") { record, count in .one(Int32(record.key?.utf8.count ?? 0) % count) }
            },
            inputs: { random in
                (0..<60).map { number in
                    let length = Int.random(in: 1..<8, using: &random)
                    return SimulatedRecord(
                        topic: "orders", key: Array(String(repeating: "x", count: length).utf8),
                        value: Array("order-\(number)".utf8), timestampMs: Int64(number * 10))
                }
            })
    }
}
