import Millrace
import MillraceEngine
import Testing

@Suite("Copartitioning")
struct CopartitioningTests {
    private func plan(
        _ counts: [String: Int32], optimization: TopologyOptimization = .none, _ define: (StreamsBuilder) -> Void
    ) throws -> TopicPlan {
        let builder = StreamsBuilder()
        define(builder)
        return try TopicPlan(
            builder.build(optimization: optimization), applicationID: "app", partitionCounts: counts,
            replicationFactor: 1)
    }

    private func table(_ builder: StreamsBuilder, _ topic: String) -> KTable<String, String> {
        builder.table(topic, key: .string, value: .string)
    }

    private func rekeyed(
        _ builder: StreamsBuilder, _ topic: String, partitions: Int32? = nil
    ) -> KTable<String, String> {
        builder.stream(topic, key: .string, value: .string).selectKey { _, value in value }
            .repartition(named: "by-\(topic)", partitions: partitions).toTable()
    }

    private func partitions(_ plan: TopicPlan) -> [String: Int32] {
        Dictionary(uniqueKeysWithValues: plan.internalTopics.map { ($0.name, $0.partitions) })
    }

    @Test("joined tables run in one task per partition, which reads both topics")
    func tasks() throws {
        let plan = try plan(["l": 3, "r": 3]) { builder in
            table(builder, "l").join(table(builder, "r")) { $0 + $1 }.toStream().to("out")
        }
        #expect(
            plan.inputs[TaskID(subtopology: 0, partition: 2)] == [
                TopicPartition(topic: "l", partition: 2), TopicPartition(topic: "r", partition: 2),
            ])
        #expect(plan.tasks.count == 3)
        #expect(
            partitions(plan) == [
                "app-l-STATE-STORE-0000000000-changelog": 3, "app-r-STATE-STORE-0000000003-changelog": 3,
            ])
    }

    @Test("topics that match a pattern need as many partitions as the other side of the join")
    func patterns() throws {
        let define: (StreamsBuilder) -> Void = { builder in
            builder.stream(matching: "x.*", key: .string, value: .string)
                .join(self.table(builder, "r")) { $0 + $1 }.to("out")
        }
        #expect(try plan(["x1": 3, "x2": 3, "r": 3], define).tasks.count == 3)
        let error = #expect(throws: StreamsError.self) { try plan(["x1": 3, "x2": 2, "r": 3], define) }
        #expect(error?.message.contains("r (3 partitions) and x1 (3 partitions) and x2 (2 partitions)") == true)
    }

    @Test("a repartition topic before a join has as many partitions as the other side's pattern's topics")
    func repartitionForPattern() throws {
        let plan = try plan(["in": 2, "x1": 5]) { builder in
            builder.stream(matching: "x.*", key: .string, value: .string)
                .join(rekeyed(builder, "in")) { $0 + $1 }.to("out")
        }
        #expect(partitions(plan)["app-by-in-repartition"] == 5)
    }

    @Test("joined topics with different partition counts are an error that names both and the join")
    func differentCounts() {
        let error = #expect(throws: StreamsError.self) {
            try plan(["l": 3, "r": 4]) { builder in
                table(builder, "l").filter { _, _ in true }
                    .leftJoin(table(builder, "r").mapValues { text in text }, named: "both") { left, _ in left }
            }
        }
        #expect(error?.code == .topic)
        #expect(
            error?.message.hasPrefix(
                "topics l (3 partitions) and r (4 partitions) are joined by both and need the same number of partitions"
            ) == true)
    }

    @Test("tables that are joined one after the other are one group")
    func transitive() {
        let error = #expect(throws: StreamsError.self) {
            try plan(["l": 1, "r": 1, "m": 2]) { builder in
                table(builder, "l").join(table(builder, "r"), named: "first") { $0 + $1 }
                    .outerJoin(table(builder, "m"), named: "second") { left, _ in left }
            }
        }
        #expect(
            error?.message.hasPrefix(
                "topics l (1 partition) and r (1 partition) and m (2 partitions) are joined by first, second and need")
                == true)
    }

    @Test("a repartition topic has the partition count of the user's topic that it is joined with")
    func takesOver() throws {
        let plan = try plan(["l": 6, "r": 2]) { builder in
            rekeyed(builder, "l").join(table(builder, "r")) { $0 + $1 }
        }
        #expect(partitions(plan)["app-by-l-repartition"] == 2)
        #expect(plan.tasks.filter { $0.subtopology == 1 }.count == 2)
    }

    @Test("joined repartition topics have the highest count among them, or the given one")
    func amongThemselves() throws {
        let highest = try plan(["l": 6, "r": 2]) { builder in
            rekeyed(builder, "l").join(rekeyed(builder, "r")) { $0 + $1 }
        }
        #expect(partitions(highest)["app-by-l-repartition"] == 6)
        #expect(partitions(highest)["app-by-r-repartition"] == 6)
        let given = try plan(["l": 6, "r": 2]) { builder in
            rekeyed(builder, "l").join(rekeyed(builder, "r", partitions: 3)) { $0 + $1 }
        }
        #expect(partitions(given)["app-by-l-repartition"] == 3)
        #expect(partitions(given)["app-by-r-repartition"] == 3)
    }

    @Test("a given count that does not match is an error")
    func givenCountDiffers() {
        for other: Int32 in [2, 5] {
            #expect(throws: StreamsError.self) {
                try plan(["l": 6, "r": other]) { builder in
                    rekeyed(builder, "l", partitions: 4).join(table(builder, "r")) { $0 + $1 }
                }
            }
        }
        #expect(throws: StreamsError.self) {
            try plan(["l": 6, "r": 2]) { builder in
                rekeyed(builder, "l", partitions: 4).join(rekeyed(builder, "r", partitions: 3)) { $0 + $1 }
            }
        }
    }

    @Test("a stream that is joined with a table is partitioned like it, also through a merged repartition topic")
    func streamTable() throws {
        for optimization in [TopologyOptimization.none, .all] {
            let plan = try plan(["s": 6, "t": 2], optimization: optimization) { builder in
                let moved = builder.stream("s", key: .string, value: .string).selectKey { _, value in value }
                moved.groupByKey().count()
                moved.join(table(builder, "t"), named: "enriched") { $0 + $1 }.to("out")
            }
            let counts = partitions(plan).filter { $0.key.hasSuffix("-repartition") }
            #expect(counts.values.contains(2))
            #expect(counts.count == (optimization == .none ? 2 : 1))
        }
        #expect(throws: StreamsError.self) {
            try plan(["s": 6, "t": 2]) { builder in
                builder.stream("s", key: .string, value: .string).leftJoin(table(builder, "t")) { left, _ in left }
                    .to("out")
            }
        }
    }
}
