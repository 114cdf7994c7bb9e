import Millrace
import MillraceTesting

extension StatefulOperator {
    static var aggregations: [StatefulOperator] {
        [streamAggregations, cachedAggregation, rekeyedCount, groupedTable, cogroup]
    }

    /// Values of one stream are counted, concatenated and folded, with deletions in between.
    private static var streamAggregations: StatefulOperator {
        StatefulOperator(
            "aggregations", ["KGroupedStream.count", "KGroupedStream.reduce", "KGroupedStream.aggregate"],
            from: ["in"], to: ["counts", "reduced", "aggregated"],
            define: { builder in
                let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
                grouped.count(into: .store("count").withoutCache()).toStream().mapValues { "\($0)" }.to("counts")
                grouped.reduce(into: .store("reduce").withoutCache()) { $1.hasSuffix("7") ? nil : $0 + " " + $1 }
                    .toStream().to("reduced")
                grouped.aggregate(into: .store("aggregate", value: .string).withoutCache(), initial: "of") {
                    key, value, sum in value.hasSuffix("5") ? nil : "\(sum) \(key) \(value)"
                }
                .toStream().to("aggregated")
            },
            records: { .texts("in", jitterMs: 50, deletions: 8, &$0) })
    }

    /// A count with a cache, which forwards no value that is overwritten before a commit.
    private static var cachedAggregation: StatefulOperator {
        StatefulOperator(
            "cached-aggregation", ["KGroupedStream.count"], from: ["in"], to: ["counts"],
            define: { builder in
                builder.stream("in", key: .string, value: .string).groupByKey().count(into: .store("count"))
                    .toStream().mapValues { "\($0)" }.to("counts")
            },
            records: { .texts("in", keys: 4, &$0) }
        )
        .with { $0.simulation.comparison = .updates }
    }

    /// Orders are counted by customer: the key changes, so there is a repartition topic between two sub-topologies. All orders
    /// have the same time, because those of a customer come from several partitions.
    private static var rekeyedCount: StatefulOperator {
        StatefulOperator(
            "rekeyed-count", ["KGroupedStream.count"], from: ["orders"], to: ["counts"],
            define: { builder in
                builder.stream("orders", key: .string, value: .string)
                    .selectKey { _, customer in customer }
                    .groupByKey()
                    .count(into: .store("orders-by-customer").withoutCache())
                    .toStream()
                    .to("counts")
            },
            records: { random in
                (0..<60).map { number in
                    SimulatedRecord(
                        "orders", "order-\(number)", "customer-\(Int.random(in: 0..<6, using: &random))", atMs: 10)
                }
            })
    }

    /// A table grouped by a part of its values: members join and leave groups, whichever partitions the two are in.
    private static var groupedTable: StatefulOperator {
        StatefulOperator(
            "grouped-table", ["KGroupedTable.count", "KGroupedTable.reduce", "KGroupedTable.aggregate"],
            from: ["in"], to: ["sizes", "sums", "members"],
            define: { builder in
                let table = builder.table("in", key: .string, value: .string, into: .store("table").withoutCache())
                let grouped = table.groupBy(named: "groups", key: .string, value: .int64) { _, value in
                    let parts = value.split(separator: " ")
                    return (parts.first.map(String.init), parts.last.flatMap { Int64($0) })
                }
                grouped.count(into: .store("sizes").withoutCache()).toStream().mapValues { "\($0)" }.to("sizes")
                grouped.reduce(into: .store("sums").withoutCache(), adder: +, subtractor: -)
                    .toStream().mapValues { "\($0)" }.to("sums")
                grouped.aggregate(into: .store("members", value: .string).withoutCache(), initial: "") {
                    _, value, list in
                    (list.split(separator: " ").map(String.init) + ["\(value)"]).sorted().joined(separator: " ")
                } subtractor: { _, value, list in
                    var members = list.split(separator: " ").map(String.init)
                    if let place = members.firstIndex(of: "\(value)") { members.remove(at: place) }
                    return members.joined(separator: " ")
                }
                .toStream().to("members")
            },
            records: { random in
                (0..<60).map { number in
                    let isDeletion = Int.random(in: 0..<6, using: &random) == 0
                    return SimulatedRecord(
                        "in", "key-\(Int.random(in: 0..<8, using: &random))",
                        isDeletion ? nil : "group-\(Int.random(in: 0..<3, using: &random)) \(number)",
                        atMs: Int64(number * 10))
                }
            }
        )
        .with { $0.simulation.comparison = .lastValues }
    }

    /// Two streams in one aggregate, by key, window and session. Both are parts of one topic, so that their order is fixed.
    private static var cogroup: StatefulOperator {
        StatefulOperator(
            "cogroup",
            [
                "CogroupedKStream.aggregate", "TimeWindowedCogroupedKStream.aggregate",
                "SessionWindowedCogroupedKStream.aggregate",
            ],
            from: ["in"], to: ["plain", "tumbling", "sliding", "sessions"],
            define: { builder in
                let stream = builder.stream("in", key: .string, value: .string)
                let cogrouped = stream.filter { _, value in value.hasSuffix("1") || value.hasSuffix("2") }.groupByKey()
                    .cogroup { _, value, sum in "\(sum) +\(value)" }
                    .cogroup(stream.filterNot { _, value in value.hasSuffix("1") }.groupByKey()) { _, value, sum in
                        "\(sum) -\(value)"
                    }
                cogrouped.aggregate(into: .store("plain", value: .string).withoutCache(), initial: "")
                    .toStream().to("plain")
                cogrouped.windowedBy(.tumbling(.milliseconds(100), grace: .milliseconds(30)))
                    .aggregate(into: .store("tumbling", value: .string).withoutCache(), initial: "").lines().to(
                        "tumbling")
                cogrouped.windowedBy(.sliding(.milliseconds(50), grace: .milliseconds(30)))
                    .aggregate(into: .store("sliding", value: .string).withoutCache(), initial: "").lines().to(
                        "sliding")
                cogrouped.windowedBy(.session(gap: .milliseconds(40), grace: .milliseconds(30)))
                    .aggregate(into: .store("sessions", value: .string).withoutCache(), initial: "") { _, left, right in
                        left + right
                    }
                    .lines().to("sessions")
            },
            records: { .texts("in", count: 40, keys: 4, jitterMs: 60, deletions: 10, &$0) })
    }
}
