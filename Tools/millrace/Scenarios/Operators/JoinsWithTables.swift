import Millrace
import MillraceTesting

/// Joins of a stream with a table. The table's records and the stream's come in turn, so that each record finds a known table.
extension StatefulOperator {
    static var joinsWithTables: [StatefulOperator] { [streamTableJoins, graceJoins, globalTableJoins, globalStore] }

    /// Alternates between records of a table and records of a stream.
    private static func inTurn(
        _ table: String, _ stream: String, deletions: Int, turnMs: Int = 150, jitterMs: Int = 0,
        _ random: inout SeededRandom
    ) -> [SimulatedRecord] {
        (0..<4).flatMap { turn in
            [SimulatedRecord].texts(
                turn % 2 == 0 ? table : stream, count: 15, startingAtMs: turn * turnMs, jitterMs: jitterMs,
                deletions: turn % 2 == 0 ? deletions : 0, &random
            )
            .waiting()
        }
    }

    private static var streamTableJoins: StatefulOperator {
        StatefulOperator(
            "stream-table-joins", ["KStream.join(KTable)", "KStream.leftJoin(KTable)"],
            from: ["table", "stream"], to: ["inner", "left"],
            define: { builder in
                let table = builder.table("table", key: .string, value: .string, into: .store("table").withoutCache())
                let stream = builder.stream("stream", key: .string, value: .string)
                stream.join(table) { "\($0) & \($1)" }.to("inner")
                stream.leftJoin(table) { "\($0) & \($1 ?? "none")" }.to("left")
            },
            records: { inTurn("table", "stream", deletions: 5, &$0) })
    }

    /// The stream's records wait for the grace period, and then find the version of their time.
    private static var graceJoins: StatefulOperator {
        StatefulOperator(
            "stream-table-grace", ["KStream.join(KTable)", "KStream.leftJoin(KTable)"],
            from: ["table", "stream"], to: ["inner", "left"],
            define: { builder in
                let table = builder.table(
                    "table", key: .string, value: .string, into: .versioned("table", historyRetention: .seconds(60)))
                let stream = builder.stream("stream", key: .string, value: .string)
                stream.join(table, grace: .milliseconds(60), named: "inner") { "\($0) & \($1)" }.to("inner")
                stream.leftJoin(table, grace: .milliseconds(100), named: "left") { "\($0) & \($1 ?? "none")" }
                    .to("left")
            },
            records: { random in
                // A late record meets the current table; a waiting record also meets versions that come later for its time.
                inTurn("table", "stream", deletions: 5, turnMs: 30, jitterMs: 300, &random)
                    + .ending("stream", atMs: 2_000)
            }
        )
        // Waiting records get new numbers after a restart.
        .with { $0.simulation.comparesStores = false }
    }

    private static var globalTableJoins: StatefulOperator {
        StatefulOperator(
            "global-table-joins",
            ["StreamsBuilder.globalTable", "KStream.join(GlobalKTable, on)", "KStream.leftJoin(GlobalKTable, on)"],
            from: ["global", "stream"], to: ["inner", "left", "counts"],
            define: { builder in
                let table = builder.globalTable("global", key: .string, value: .string, into: .store("global"))
                let stream = builder.stream("stream", key: .string, value: .string)
                let key: @Sendable (String?, String) -> String? = { _, value in
                    value.utf8.last.map { "key-\($0 % 6)" }
                }
                stream.join(table, on: key) { "\($0) & \($1)" }.to("inner")
                stream.leftJoin(table, on: key) { "\($0) & \($1 ?? "none")" }.to("left")
                // So that instances have stores of their own to restore, too.
                stream.groupByKey().count(into: .store("count").withoutCache()).toStream().mapValues { "\($0)" }
                    .to("counts")
            },
            records: { inTurn("global", "stream", deletions: 5, &$0) }
        )
        .with { $0.simulation.topics["global"] = 2 }
    }

    /// A store that a custom processor fills on every instance. If a record took effect twice, its text would show it.
    private static var globalStore: StatefulOperator {
        StatefulOperator(
            "global-store", ["StreamsBuilder.addGlobalStore"], from: ["parts", "questions"], to: ["answers", "counts"],
            define: { builder in
                let texts = Stores.keyValue("texts", key: .string, value: .string)
                builder.addGlobalStore(texts, topic: "parts", key: .string, value: .string) { context in
                    let texts = try context.store(texts)
                    return { record in
                        guard let key = record.key else { return }
                        try texts.put(key, (texts.get(key) ?? "") + " " + (record.value ?? "-"))
                    }
                }
                let questions = builder.stream("questions", key: .string, value: .string)
                questions.processValues { (context: FixedKeyProcessorContext<String, String>) in
                    let texts = try context.store(texts)
                    return { record in
                        try context.forward(record.with(value: record.key.flatMap { try texts.get($0) } ?? "none"))
                    }
                }
                .to("answers")
                // So that instances have stores of their own to restore, too.
                questions.groupByKey().count(into: .store("count").withoutCache()).toStream().mapValues { "\($0)" }
                    .to("counts")
            },
            records: { inTurn("parts", "questions", deletions: 5, &$0) }
        )
        .with { $0.simulation.topics["parts"] = 2 }
    }
}
