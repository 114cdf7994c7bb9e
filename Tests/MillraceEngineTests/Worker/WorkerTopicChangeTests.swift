import Millrace
import MillraceEngine
import Testing

@Suite("Worker: topics that change while it runs")
struct WorkerTopicChangeTests {
    /// A running worker, which checks the topics every second.
    private func running(
        with guarantee: ProcessingGuarantee = .exactlyOnce, topics: [String: Int32] = ["in": 1], waits: Bool = false,
        ids: [String: String] = [:], _ define: (StreamsBuilder) -> Void
    ) throws -> WorkerFixture {
        let fixture = try WorkerFixture(
            guarantee: guarantee, topics: topics,
            configure: {
                $0.topicCheckIntervalMs = 1_000
                $0.waitsForTopics = waits
            }, define)
        fixture.admin.ids = ids
        fixture.announce([], topics)
        try fixture.start()
        try fixture.stepsUntilRunning()
        return fixture
    }

    /// Makes the leader see these topics, and a generation begin.
    private func rebalance(_ fixture: WorkerFixture, _ topics: [String: Int32]) {
        fixture.announce([], topics)
        fixture.rebalance()
    }

    @Test("partitions that are added are read within the interval", arguments: ProcessingGuarantee.allCases)
    func grown(guarantee: ProcessingGuarantee) throws {
        let fixture = try running(with: guarantee, FakeTopology.copy)
        fixture.admin.counts["in"] = 3
        fixture.cluster.write(["late"], to: "in", partition: 2)
        let asked = fixture.cluster.count("subscribe")
        try fixture.steps(until: "joining anew") { fixture.cluster.count("subscribe") > asked }
        #expect(fixture.cluster.nowMs <= 1_200)
        rebalance(fixture, ["in": 3])
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["late"] }
        #expect(fixture.worker.status.tasks.map(\.description) == ["0_0", "0_1", "0_2"])
        // One subscription is enough.
        let joined = fixture.cluster.count("subscribe")
        try fixture.steps(forMs: 2_500)
        #expect(fixture.cluster.count("subscribe") == joined)
    }

    @Test("a changelog that no longer fits ends the worker, with its name and the change")
    func grownWithState() throws {
        let fixture = try running(FakeTopology.count)
        fixture.admin.counts["in"] = 2
        rebalance(fixture, ["in": 2])
        let error = #expect(throws: StreamsError.self) { try fixture.steps(until: "the error") { false } }
        #expect(error?.code == .topic)
        let message = error?.message ?? ""
        #expect(message.contains("topic app-counts-changelog has 1 partitions, but the topology needs 2"))
        #expect(message.contains("in had 1 partitions and has 2"))
    }

    @Test("a repartition topic that no longer fits ends the worker, with its name")
    func grownBeforeRepartitioning() throws {
        let fixture = try running(FakeTopology.rekeyedCount)
        fixture.admin.counts["in"] = 2
        rebalance(fixture, ["in": 2])
        let error = #expect(throws: StreamsError.self) { try fixture.steps(until: "the error") { false } }
        #expect(error?.message.contains("app-counts-repartition has 1 partitions, but the topology needs 2") == true)
    }

    @Test("partitions that are added to one side of a join end the worker, with both names")
    func copartitioning() throws {
        let fixture = try running(topics: ["in": 1, "table": 1]) { builder in
            builder.stream("in", key: .string, value: .string)
                .join(builder.table("table", key: .string, value: .string)) { $0 + $1 }.to("out")
        }
        fixture.admin.counts["in"] = 2
        rebalance(fixture, ["in": 2, "table": 1])
        let error = #expect(throws: StreamsError.self) { try fixture.steps(until: "the error") { false } }
        #expect(error?.message.contains("in (2 partitions) and table (1 partition) are joined by") == true)
    }

    @Test("internal topics that others grow or delete end the worker, with their names")
    func ownTopics() throws {
        for (count, text) in [(Int32?(3), "has 3 partitions, but the topology needs 1"), (nil, "cannot be found")] {
            let fixture = try running(FakeTopology.rekeyedCount)
            fixture.admin.counts["app-counts-repartition"] = count
            let error = #expect(throws: StreamsError.self) { try fixture.steps(until: "the error") { false } }
            #expect(error?.message.contains("app-counts-repartition") == true)
            #expect(error?.message.contains(text) == true)
        }
    }

    @Test("a leader that does not know all partitions yet makes the group rebalance once more")
    func leaderLags() throws {
        let fixture = try running(topics: ["in": 2], FakeTopology.count)
        let asked = fixture.cluster.count("subscribe")
        rebalance(fixture, ["in": 1])
        try fixture.steps(until: "joining again") { fixture.cluster.count("subscribe") > asked }
        rebalance(fixture, ["in": 2])
        try fixture.steps(until: "both tasks") { fixture.worker.status.tasks.count == 2 }
    }

    @Test("a deleted topic ends the worker, with its name", arguments: [false, true])
    func gone(isTold: Bool) throws {
        let fixture = try running(FakeTopology.copy)
        fixture.admin.counts["in"] = nil
        if isTold { fixture.consumer.events.append(.topicUnavailable("unknown topic")) }
        let start = fixture.cluster.nowMs
        let error = #expect(throws: StreamsError.self) { try fixture.steps(until: "the error") { false } }
        #expect(error?.code == .topic)
        #expect(error?.message.hasPrefix("topic in, which is read, does not exist") == true)
        // The worker waits neither for the client's event nor for the check after it.
        #expect(fixture.cluster.nowMs - start <= (isTold ? 200 : 1_200))
    }

    @Test("a topic that the group's leader no longer sees ends the worker")
    func goneForTheLeader() throws {
        let fixture = try running(topics: ["in": 1, "more": 1]) { builder in
            builder.stream(["in", "more"], key: .string, value: .string).to("out")
        }
        fixture.admin.counts["in"] = nil
        rebalance(fixture, ["more": 1])
        let error = #expect(throws: StreamsError.self) { try fixture.steps(until: "the error") { false } }
        #expect(error?.message.hasPrefix("topic in, which is read, does not exist") == true)
    }

    @Test(
        "offsets that cannot be committed because their topic is gone do not count as a refused result",
        arguments: ProcessingGuarantee.allCases)
    func goneAtCommit(guarantee: ProcessingGuarantee) throws {
        let fixture = try running(with: guarantee, FakeTopology.copy)
        fixture.cluster.write(["a"], to: "in")
        let call = guarantee == .exactlyOnce ? "commit transaction" : "commit offsets"
        fixture.cluster.errors[call] = [PortError(.rejected, "unknown topic")]
        fixture.admin.counts["in"] = nil
        let error = #expect(throws: StreamsError.self) { try fixture.steps(until: "the error") { false } }
        #expect(error?.message.hasPrefix("topic in, which is read, does not exist") == true)
    }

    @Test(
        "a worker that is configured to wait does so outside the group, and reads the new topic from its start",
        arguments: ProcessingGuarantee.allCases)
    func waits(guarantee: ProcessingGuarantee) throws {
        let fixture = try running(with: guarantee, waits: true, FakeTopology.copy)
        let input = TopicPartition(topic: "in", partition: 0)
        fixture.cluster.write(["a", "b", "c"], to: "in")
        try fixture.steps(until: "a commit") { fixture.cluster.committed[input]?.offset == 3 }

        fixture.admin.counts["in"] = nil
        fixture.cluster.partitions[input] = nil
        try fixture.steps(until: "leaving the group") { fixture.consumer.subscription == [] }
        #expect(fixture.worker.status.trouble?.contains("topic in, which is read, does not exist") == true)
        #expect(fixture.worker.status.phase == .rebalancing)
        #expect(fixture.worker.openTasks.isEmpty)

        // The wait is shown whatever else fails meanwhile, and afterwards.
        fixture.consumer.events.append(.trouble("the coordinator is away"))
        fixture.cluster.errors["partition counts"] = [PortError(.retriable, "no answer")]
        try fixture.steps(forMs: 1_500)
        #expect(fixture.cluster.errors["partition counts"]?.isEmpty == true)
        #expect(fixture.worker.status.trouble?.contains("topic in, which is read, does not exist") == true)

        // The broker may even have kept the old offsets.
        fixture.admin.counts["in"] = 1
        fixture.cluster.write(["d", "e", "f", "g"], to: "in")
        try fixture.steps(until: "joining again") { fixture.consumer.subscription == ["in"] }
        fixture.rebalance()
        try fixture.steps(until: "the results") {
            fixture.cluster.values("out") == ["a", "b", "c", "d", "e", "f", "g"]
        }
        #expect(fixture.worker.status.trouble == nil)
    }

    @Test("a worker whose broker fails just when the topic is there again still joins")
    func waitsThroughErrors() throws {
        let fixture = try running(waits: true, FakeTopology.rekeyedCount)
        fixture.admin.counts["in"] = nil
        fixture.cluster.partitions[TopicPartition(topic: "in", partition: 0)] = nil
        try fixture.steps(until: "leaving the group") { fixture.consumer.subscription == [] }

        fixture.admin.counts["in"] = 1
        fixture.admin.counts["app-counts-repartition"] = nil
        fixture.cluster.errors["create topics"] = [PortError(.retriable, "no answer")]
        try fixture.steps(until: "joining again") { fixture.consumer.subscription?.contains("in") == true }
        #expect(fixture.cluster.errors["create topics"]?.isEmpty == true)
        fixture.announce([], ["in": 1, "app-counts-repartition": 1])
        fixture.rebalance()
        try fixture.stepsUntilRunning()
        #expect(fixture.worker.status.trouble == nil)
    }

    @Test(
        "a topic that was deleted and created again between two checks is read from its start",
        arguments: [["in": "old"], [:]])
    func recreated(ids: [String: String]) throws {
        let fixture = try running(ids: ids, FakeTopology.count)
        let input = TopicPartition(topic: "in", partition: 0)
        fixture.cluster.write(["a", "b", "c"], to: "in")
        try fixture.steps(until: "a commit") { fixture.cluster.committed[input]?.offset == 3 }
        try fixture.steps(forMs: 1_500)

        fixture.cluster.partitions[input] = nil
        // The broker deletes a topic's offsets. With topic ids that does not matter.
        if ids.isEmpty { fixture.cluster.committed[input] = nil } else { fixture.admin.ids["in"] = "new" }
        fixture.cluster.write(["d", "e"], to: "in", key: "new")
        try fixture.steps(until: "the results") { fixture.cluster.values("out") == ["1", "2", "3", "1", "2"] }
        fixture.cluster.write(["f", "g"], to: "in", key: "new")
        try fixture.steps(until: "the results") { fixture.cluster.values("out").suffix(2) == ["3", "4"] }
    }

    @Test("a table whose topic was created again has the contents of the new topic")
    func recreatedTable() throws {
        let builder = StreamsBuilder()
        builder.table("in", key: .string, value: .string, into: .store("table").withoutCache()).toStream().to("out")
        let fixture = try WorkerFixture(
            topology: builder.build(optimization: .all), topics: ["in": 1],
            configure: { $0.topicCheckIntervalMs = 1_000 })
        fixture.admin.ids = ["in": "old"]
        fixture.announce(["in"])
        try fixture.start()
        try fixture.stepsUntilRunning()
        let input = TopicPartition(topic: "in", partition: 0)
        fixture.cluster.write(["a"], to: "in", key: "old")
        try fixture.steps(until: "a commit") { fixture.cluster.committed[input]?.offset == 1 }
        try fixture.steps(forMs: 1_500)
        fixture.cluster.partitions[input] = nil
        fixture.admin.ids["in"] = "new"
        fixture.cluster.write(["b"], to: "in", key: "new")
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["a", "b"] }
        let store = try #require(fixture.worker.openTasks.first?.store(named: "table")?.bytes)
        var keys: [String] = []
        try store.scan(from: nil, to: nil) { key, _ in
            keys.append(String(decoding: key, as: UTF8.self))
            return true
        }
        #expect(keys == ["new"])
    }

    @Test("records for a repartition topic go to the partitions that have tasks, however many partitions it has by now")
    func plannedPartitions() throws {
        let fixture = try running(topics: ["in": 2]) { builder in
            builder.stream("in", key: .string, value: .string).repartition(named: "keyed").to("out")
        }
        fixture.admin.counts["app-keyed-repartition"] = 50
        fixture.cluster.write((0..<40).map { "\($0)" }, to: "in", key: "k")
        for number in 0..<40 { fixture.cluster.write(["x"], to: "in", key: "key \(number)") }
        try fixture.steps(forMs: 600)
        let written = fixture.cluster.partitions.filter { $0.key.topic == "app-keyed-repartition" && !$0.value.isEmpty }
        #expect(Set(written.keys.map(\.partition)) == [0, 1])
    }
}
