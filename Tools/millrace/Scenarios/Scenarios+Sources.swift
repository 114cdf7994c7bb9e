import Millrace
public import MillraceTesting

extension Scenarios {
    /// Payments of topics that match a pattern. Two of the topics are created while the instances run, with more partitions than
    /// the others, so that there are more tasks to assign. All have the same time, because the order in which a task reads its
    /// topics is not fixed.
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
                    // The ways to pay are used one after the other.
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

    /// Payments of a topic that gets more partitions while the instances run, counted downstream of a repartitioning that keeps
    /// its number of partitions. All have the same time, because the order in which the partitions are read is not fixed.
    public static var growingTopic: Simulation {
        var simulation = Simulation(
            "growing-topic", topics: ["payments": 5, "counts": 3], outputs: ["counts"], define: Self.countPayments,
            inputs: { random in
                (0..<90).map { number in
                    payment(number, partition: Int32.random(in: 0..<(number < 40 ? 2 : 5), using: &random), &random)
                }
            })
        simulation.topicChanges = [SimulatedTopicChange("payments", .grows(from: 2), beforeRecord: 40)]
        return simulation
    }

    /// Like `growingTopic`, with a topic that is deleted and created again. The new topic soon has more records than the old one.
    /// Records that an instance reads before it can know about the new topic are read again, but none may be skipped. No instance
    /// starts or ends meanwhile: a new instance cannot know that the committed offsets belong to the old topic.
    public static var recreatedTopic: Simulation {
        var simulation = Simulation(
            "recreated-topic", topics: ["payments": 2, "counts": 3], outputs: ["counts"], define: Self.countPayments,
            inputs: { random in
                (0..<90).map { number in payment(number, partition: Int32.random(in: 0..<2, using: &random), &random) }
            })
        simulation.topicChanges = [SimulatedTopicChange("payments", .isRecreated, beforeRecord: 10)]
        (simulation.faults.kills, simulation.faults.stops, simulation.faults.restarts) = (0, 0, 0)
        simulation.faults.refusedChanges = 0
        simulation.comparison = .none
        simulation.comparesStores = false
        simulation.rules = { results in
            let payments = Dictionary(grouping: results.inputs) { String(decoding: $0.key ?? [], as: UTF8.self) }
            return payments.sorted { $0.key < $1.key }.compactMap { payer, payments in
                let last = results.outputs["counts"]?[Array(payer.utf8)]?.last?.bytes ?? []
                let counted = last.reduce(0) { $0 << 8 | Int($1) }
                return counted >= payments.count
                    ? nil : "\(payer): \(counted) payments of \(payments.count) were counted"
            }
        }
        return simulation
    }

    private static func countPayments(_ builder: StreamsBuilder) {
        builder.stream("payments", key: .string, value: .string)
            .repartition(named: "payers", partitions: 3).groupByKey()
            .count(into: Materialized.store("counts").withoutCache()).toStream().to("counts")
    }

    private static func payment(
        _ number: Int, partition: Int32, _ random: inout SeededRandom
    ) -> SimulatedRecord {
        let key = "payer-\(Int.random(in: 0..<8, using: &random))"
        var record = SimulatedRecord("payments", key, "payment-\(number)", atMs: 1_000)
        record.partition = partition
        return record
    }

    /// Orders that are read from a time before the first of them, and counted downstream of a custom partitioner. The broker
    /// returns the first offset to read, which is committed before anything else.
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
