import Millrace
import MillraceEngine
import Testing

@Suite("TopicPlan")
struct TopicPlanTests {
    private func plan(
        _ counts: [String: Int32], replicationFactor: Int16 = -1, _ define: (StreamsBuilder) -> Void
    ) throws -> TopicPlan {
        let builder = StreamsBuilder()
        define(builder)
        return try TopicPlan(
            builder.build(), applicationID: "app", partitionCounts: counts, replicationFactor: replicationFactor)
    }

    private func rekeyedCount(_ builder: StreamsBuilder) {
        builder.stream("in", key: .string, value: .string).selectKey { _, value in value }
            .groupByKey(key: .string, value: .string).count(into: .store("counts")).toStream().to("out")
    }

    @Test("every missing source is named, with the operator that reads it")
    func missingSources() {
        let error = #expect(throws: StreamsError.self) {
            try plan(["there": 1]) { builder in
                builder.stream("there", key: .string, value: .string).to("out")
                builder.stream(["gone", "lost"], key: .string, value: .string, named: "reader").to("out")
            }
        }
        #expect(error?.code == .topic)
        #expect(error?.message.contains("topic gone, which reader reads, does not exist") == true)
        #expect(error?.message.contains("topic lost, which reader reads, does not exist") == true)
        #expect(error?.message.contains("there,") == false)
    }

    @Test("there is a task for each partition of a sub-topology's largest source, with the partitions of its number")
    func tasks() throws {
        let plan = try plan(["a": 3, "b": 2]) { builder in
            builder.stream(["a", "b"], key: .string, value: .string).to("out")
        }
        #expect(plan.tasks.map(\.description) == ["0_0", "0_1", "0_2"])
        #expect(plan.inputs[plan.tasks[1]]?.map(\.description) == ["a-1", "b-1"])
        #expect(plan.inputs[plan.tasks[2]]?.map(\.description) == ["a-2"])
        #expect(plan.subscription == ["a", "b"])
        #expect(plan.internalTopics.isEmpty)
    }

    @Test("while nothing matches a pattern, its changelogs and repartition topics do not exist either")
    func unmatched() throws {
        func define(_ builder: StreamsBuilder) {
            builder.stream(matching: "x.*", key: .string, value: .string).selectKey { _, value in value }
                .groupByKey(key: .string, value: .string).count(into: .store("counts")).toStream().to("out")
        }
        let empty = try plan(["other": 1], define)
        #expect(empty.tasks.isEmpty)
        #expect(empty.subscription.isEmpty)
        #expect(empty.internalTopics.isEmpty)
        let plan = try plan(["x1": 2], define)
        #expect(plan.internalTopics.map(\.name).sorted() == ["app-counts-changelog", "app-counts-repartition"])
        #expect(plan.internalTopics.allSatisfy { $0.partitions == 2 })
    }

    @Test("a topic that matches two sources' patterns is an error; a topic that a source names belongs to that source")
    func patterns() throws {
        let plan = try plan(["x1": 1, "x2": 2, "y": 1]) { builder in
            builder.stream(matching: "x.*", key: .string, value: .string).to("out")
            builder.stream("x1", key: .string, value: .string).to("other")
        }
        #expect(plan.matchedTopics == ["x2": 2])
        #expect(plan.subscription == ["x1", "x2"])
        let error = #expect(throws: StreamsError.self) {
            try self.plan(["x1": 1, "xy": 1]) { builder in
                builder.stream(matching: "x.*", key: .string, value: .string, named: "one").to("out")
                builder.stream(matching: ".*y", key: .string, value: .string, named: "two").to("other")
            }
        }
        #expect(error?.message == "topic xy matches the patterns of one and two: one source only may read it")
    }

    @Test("each topic is read from where its source says, internal topics from the beginning")
    func offsetResets() throws {
        let plan = try plan(["a": 1, "b": 1, "c": 1, "x1": 1, "global": 1]) { builder in
            builder.stream("a", key: .string, value: .string, offsetReset: .latest).selectKey { _, value in value }
                .repartition(named: "r").to("out")
            builder.table("b", key: .string, value: .string, offsetReset: .none)
            builder.stream("c", key: .string, value: .string).to("out")
            builder.stream(matching: "x.", key: .string, value: .string, offsetReset: .byDuration(.seconds(1))).to(
                "out")
            _ = builder.globalTable("global", key: .string, value: .string)
        }
        #expect(
            plan.offsetResets == [
                "a": .latest, "b": .none, "x1": .byDuration(.seconds(1)), "app-r-repartition": .earliest,
            ])
    }

    @Test("a foreign-key join's topics have as many partitions as the table that reads them; the tables may differ")
    func foreignKeyJoin() throws {
        let plan = try plan(["left": 2, "right": 5]) { builder in
            let left = builder.table("left", key: .string, value: .string)
            let right = builder.table("right", key: .string, value: .string)
            left.join(right, named: "j") { _, value in
                value
            } joiner: {
                $0 + $1
            }
        }
        let counts = Dictionary(uniqueKeysWithValues: plan.internalTopics.map { ($0.name, $0.partitions) })
        #expect(counts["app-j-subscription-registration-topic"] == 5)
        #expect(counts["app-j-subscription-response-topic"] == 2)
        #expect(counts["app-j-subscription-store-changelog"] == 5)
        #expect(plan.repartitionTopics.count == 2)
        #expect(plan.tasks.count == 7)
    }

    @Test("a repartition topic has as many partitions as the largest topic upstream, and its changelog as many")
    func repartition() throws {
        let plan = try plan(["in": 5], replicationFactor: 3, rekeyedCount)
        #expect(plan.tasks.count == 10)
        #expect(plan.repartitionTopics == ["app-counts-repartition"])
        #expect(
            plan.internalTopics == [
                NewTopic(
                    name: "app-counts-repartition", partitions: 5, replicationFactor: 3,
                    configuration: [
                        "cleanup.policy": "delete", "retention.ms": "-1", "message.timestamp.type": "CreateTime",
                    ]),
                NewTopic(
                    name: "app-counts-changelog", partitions: 5, replicationFactor: 3,
                    configuration: ["cleanup.policy": "compact", "message.timestamp.type": "CreateTime"]),
            ])
    }

    @Test("repartition topics in a row take the count from the first source, whatever their order")
    func chain() throws {
        let plan = try plan(["in": 7]) { builder in
            builder.stream("in", key: .string, value: .string).selectKey { _, value in value }
                .groupByKey(key: .string, value: .string).count(into: .store("first")).toStream()
                .selectKey { key, _ in key }.groupByKey(key: .string, value: .int64).count(into: .store("second"))
                .toStream().to("out")
        }
        #expect(plan.internalTopics.map(\.partitions) == [7, 7, 7, 7])
        #expect(plan.tasks.count == 21)
    }

    @Test("a regrouped table also goes through a repartition topic")
    func groupedTable() throws {
        let plan = try plan(["in": 2]) { builder in
            builder.table("in", key: .string, value: .string, into: .store("table"))
                .groupBy(key: .string, value: .string) { _, value in (value, value) }
                .count(into: .store("counts")).toStream().to("out")
        }
        #expect(
            Set(plan.internalTopics.map(\.name)) == [
                "app-table-changelog", "app-counts-repartition", "app-counts-changelog",
            ])
    }

    @Test("the user's changelog settings override the usual ones, and a store without a changelog has no topic")
    func changelogSettings() throws {
        let plan = try plan(["in": 1, "other": 1]) { builder in
            builder.stream("in", key: .string, value: .string).groupByKey()
                .count(into: .store("kept").changelog(["cleanup.policy": "compact,delete", "retention.ms": "1000"]))
                .toStream().to("out")
            builder.stream("other", key: .string, value: .string).groupByKey()
                .count(into: .store("forgotten").withoutChangelog()).toStream().to("out")
        }
        #expect(plan.internalTopics.map(\.name) == ["app-kept-changelog"])
        #expect(
            plan.internalTopics.first?.configuration == [
                "cleanup.policy": "compact,delete", "retention.ms": "1000", "message.timestamp.type": "CreateTime",
            ])
    }

    @Test("a source topic that serves as changelog is not created")
    func optimized() throws {
        let builder = StreamsBuilder()
        builder.table("in", key: .string, value: .string, into: .store("table")).toStream().to("out")
        let plan = try TopicPlan(
            builder.build(optimization: .all), applicationID: "app", partitionCounts: ["in": 1], replicationFactor: -1)
        #expect(plan.internalTopics.isEmpty)
    }
}
