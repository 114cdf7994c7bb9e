import Millrace
public import MillraceTesting

extension Scenarios {
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
