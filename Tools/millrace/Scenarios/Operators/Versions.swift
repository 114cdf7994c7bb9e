import Millrace
import MillraceTesting

extension StatefulOperator {
    static var versions: [StatefulOperator] { [versionedTable, versionedAggregates] }

    /// Prices that come out of order in a versioned table, each with the price of some time before it. Some are older than the
    /// table's history.
    private static var versionedTable: StatefulOperator {
        StatefulOperator(
            "versioned-table", ["StreamsBuilder.table", "KStream.process"], from: ["prices"], to: ["price-changes"],
            define: { builder in
                builder.table(
                    "prices", key: .string, value: .string,
                    into: .versioned("prices", historyRetention: .milliseconds(200))
                )
                .toStream()
                .process(stores: ["prices"]) { (context: ProcessorContext<String, String>) in
                    let prices = try context.versionedKeyValueStore("prices", key: .string, value: .string)
                    return { record in
                        guard let key = record.key else { return }
                        let before = try prices.get(key, asOfMs: (Moment(ms: record.timestampMs) - TimeSpan(ms: 50)).ms)
                        let latest = try prices.get(key)
                        let texts = [before, latest].map { $0.map { "\($0.value)@\($0.timestampMs)" } ?? "none" }
                        try context.forward(record.with(value: "\(record.value ?? "none") \(texts)"))
                    }
                }
                .to("price-changes")
            },
            records: { .texts("prices", count: 80, jitterMs: 400, deletions: 6, &$0) })
    }

    /// Computations from versioned tables: only the newest value of a key counts.
    private static var versionedAggregates: StatefulOperator {
        StatefulOperator(
            "versioned-aggregates", ["KGroupedTable.count", "KTable.mapValues"], from: ["in"], to: ["sizes", "mapped"],
            define: { builder in
                let table = builder.table(
                    "in", key: .string, value: .string, into: .versioned("in", historyRetention: .milliseconds(200)))
                table.groupBy(key: .string, value: .string) { key, value in (key, value) }
                    .count(into: .store("sizes").withoutCache()).toStream().mapValues { "\($0)" }.to("sizes")
                table.mapValues(into: .versioned("mapped", historyRetention: .milliseconds(100))) { value in value + "!"
                }
                .toStream().to("mapped")
            },
            records: { .texts("in", jitterMs: 300, deletions: 6, &$0) })
    }
}
