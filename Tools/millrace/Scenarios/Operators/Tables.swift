import Millrace
import MillraceTesting

extension StatefulOperator {
    static var tables: [StatefulOperator] { [materializedTables, tableOfItsTopic, streamAsTable] }

    /// A table that is computed from another table and kept in a separate store.
    private static var materializedTables: StatefulOperator {
        StatefulOperator(
            "tables",
            [
                "StreamsBuilder.table", "KTable.filter", "KTable.filterNot", "KTable.mapValues",
                "KTable.transformValues",
            ],
            from: ["in"], to: ["filtered", "others", "mapped", "transformed"],
            define: { builder in
                let table = builder.table("in", key: .string, value: .string, into: .store("table").withoutCache())
                table.filter(into: .store("filtered").withoutCache()) { _, value in !value.hasSuffix("3") }
                    .toStream().to("filtered")
                table.filterNot(into: .store("others").withoutCache()) { _, value in !value.hasSuffix("3") }
                    .toStream().to("others")
                table.mapValues(into: .store("mapped").withoutCache()) { value in value + "!" }.toStream().to("mapped")
                let changes = Stores.keyValue("changes", key: .string, value: .int64)
                table.transformValues(into: .store("transformed", value: .string).withoutCache(), stores: [changes]) {
                    context in
                    let changes = try context.store(changes)
                    return { key, value in
                        let count = (try changes.get(key) ?? 0) + 1
                        try changes.put(key, count)
                        return value.map { "\($0), change \(count)" }
                    }
                }
                .toStream().to("transformed")
            },
            records: { .texts("in", jitterMs: 30, deletions: 5, &$0) })
    }

    /// A table that has no changelog and is restored from its source topic.
    private static var tableOfItsTopic: StatefulOperator {
        StatefulOperator(
            "table-of-its-topic", ["StreamsBuilder.table", "KTable.filter"], from: ["in"], to: ["changes", "filtered"],
            define: { builder in
                let table = builder.table("in", key: .string, value: .string, into: .store("table").withoutCache())
                table.toStream().to("changes")
                table.filter(into: .store("filtered").withoutCache()) { _, value in !value.hasSuffix("3") }
                    .toStream().to("filtered")
            },
            records: { .texts("in", deletions: 5, &$0) }
        )
        .with { $0.simulation.optimization = .reuseTableSourceTopics }
    }

    private static var streamAsTable: StatefulOperator {
        StatefulOperator(
            "stream-as-table", ["KStream.toTable"], from: ["in"], to: ["changes"],
            define: { builder in
                builder.stream("in", key: .string, value: .string)
                    .toTable(into: .store("table").withoutCache())
                    .filter(into: .store("filtered").withoutCache()) { _, value in !value.hasSuffix("3") }
                    .toStream().to("changes")
            },
            records: { .texts("in", deletions: 5, &$0) })
    }
}
