import Millrace
import MillraceEngine
import Testing

@Suite("Worker: topics that match a pattern")
struct WorkerTopicTests {
    private static func partition(_ topic: String, _ number: Int32 = 0) -> TopicPartition {
        TopicPartition(topic: topic, partition: number)
    }

    /// A worker that reads `in` and topics that begin with `x`, and checks the topics every second.
    private func fixture() throws -> WorkerFixture {
        let fixture = try WorkerFixture(
            topics: ["in": 1, "x1": 1], configure: { $0.topicCheckIntervalMs = 1_000 }, Self.define)
        fixture.announce(["in", "x1"])
        return fixture
    }

    private static func define(_ builder: StreamsBuilder) {
        builder.stream("in", key: .string, value: .string)
            .merge(builder.stream(matching: "x.*", key: .string, value: .string)).to("out")
    }

    @Test("a topic that is created is subscribed to within the interval, and read with the next generation")
    func created() throws {
        let fixture = try fixture()
        fixture.cluster.write(["a"], to: "x1")
        try fixture.start()
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["a"] }
        #expect(fixture.consumer.subscription == ["in", "x1"])

        fixture.admin.counts["x2"] = 1
        fixture.cluster.write(["b"], to: "x2")
        try fixture.steps(until: "the subscription") { fixture.consumer.subscription == ["in", "x1", "x2"] }
        #expect(fixture.cluster.nowMs <= 1_100)
        #expect(fixture.cluster.values("out") == ["a"])
        fixture.announce(["in", "x1", "x2"])
        fixture.rebalance()
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["a", "b"] }
        #expect(fixture.worker.status.tasks.map(\.description) == ["0_0"])
        let partitions = fixture.worker.openTasks.flatMap(\.partitions)
        #expect(partitions == ["in", "x1", "x2"].map { Self.partition($0) })
    }

    @Test("a wall clock that is set back, or stands still, does not delay the check", arguments: [1_000, 3_600_000, 0])
    func setBack(byMs: Int64) throws {
        let fixture = try fixture()
        try fixture.start()
        try fixture.stepsUntilRunning()
        fixture.admin.counts["x2"] = 1
        let start = fixture.cluster.nowMs
        let offset = fixture.cluster.wallClockOffsetMs
        try fixture.steps(until: "the subscription") {
            // The clock shows about the same time all along.
            fixture.cluster.wallClockOffsetMs = offset - byMs - (fixture.cluster.nowMs - start)
            return fixture.consumer.subscription == ["in", "x1", "x2"]
        }
        #expect(fixture.cluster.nowMs - start <= 1_200)
    }

    @Test("a generation is about the topics that its leader saw, whether or not a member has seen them")
    func leadersView() throws {
        let fixture = try fixture()
        try fixture.start()
        try fixture.stepsUntilRunning()
        // Another member has found a topic first. It has one more partition, so there is one more task.
        fixture.admin.counts["x2"] = 2
        fixture.cluster.write(["b"], to: "x2", partition: 1)
        fixture.announce(["in", "x1"], ["x2": 2])
        fixture.rebalance()
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["b"] }
        #expect(fixture.worker.status.tasks.map(\.description) == ["0_0", "0_1"])
        // A topic that is in no generation yet is requested again.
        let asked = fixture.cluster.count("subscribe")
        fixture.admin.counts["x3"] = 1
        try fixture.steps(until: "joining twice") { fixture.cluster.count("subscribe") == asked + 2 }
        #expect(fixture.consumer.subscription == ["in", "x1", "x2", "x3"])
        // A topic that only this member has found is not read while the leader does not know it.
        fixture.announce(["in", "x1"])
        fixture.rebalance()
        try fixture.steps(until: "one task") { fixture.worker.status.tasks.map(\.description) == ["0_0"] }
    }

    @Test("a deleted topic is no longer read")
    func gone() throws {
        let fixture = try fixture()
        try fixture.start()
        try fixture.stepsUntilRunning()
        fixture.admin.counts["x1"] = nil
        try fixture.steps(until: "the subscription") { fixture.consumer.subscription == ["in"] }
        fixture.announce(["in"])
        fixture.rebalance()
        try fixture.steps(until: "the assignment") { fixture.consumer.assigned == [Self.partition("in")] }
    }

    @Test("a store that was created with the first matching topic can be queried")
    func firstQuery() throws {
        func define(_ builder: StreamsBuilder) {
            builder.stream(matching: "x.*", key: .string, value: .string).groupByKey()
                .count(into: .store("counts").withoutCache())
        }
        let fixture = try WorkerFixture(topics: [:], configure: { $0.topicCheckIntervalMs = 1_000 }, define)
        let counts = try fixture.localStores.view(.keyValue("counts", key: .string, value: .int64))
        try fixture.worker.start()
        try fixture.stepsUntilRunning()
        #expect(throws: StreamsError.self) { try counts.get("k") }
        #expect(throws: StreamsError.self) { try fixture.localStores.metadata(of: "k", .string, in: "counts") }
        fixture.admin.counts["x1"] = 1
        fixture.cluster.write(["a"], to: "x1")
        try fixture.steps(until: "the subscription") { fixture.consumer.subscription == ["x1"] }
        fixture.announce(["x1"])
        fixture.rebalance()
        try fixture.steps(until: "a commit") { fixture.worker.status.commits == 1 }
        #expect(try counts.get("k") == 1)
        let owner = try fixture.localStores.metadata(of: "k", .string, in: "counts")
        #expect(owner == KeyMetadata(partition: 0, isHere: true, address: nil))
    }

    @Test("a store that gets more partitions with a new topic can be queried in all of them")
    func queries() throws {
        func define(_ builder: StreamsBuilder) {
            builder.stream(matching: "x.*", key: .string, value: .string).groupByKey()
                .count(into: .store("counts").withoutCache().withoutChangelog())
        }
        let fixture = try WorkerFixture(topics: ["x1": 1], configure: { $0.topicCheckIntervalMs = 1_000 }, define)
        let counts = try fixture.localStores.view(.keyValue("counts", key: .string, value: .int64))
        let first = try fixture.localStores.view(.keyValue("counts", key: .string, value: .int64).partition(0))
        let second = try fixture.localStores.view(.keyValue("counts", key: .string, value: .int64).partition(1))
        func owner(_ key: String) throws -> KeyMetadata {
            try fixture.localStores.metadata(of: key, .string, in: "counts")
        }
        fixture.announce(["x1"])
        fixture.cluster.write(["a", "b"], to: "x1", key: "old")
        try fixture.start()
        try fixture.steps(until: "a commit") { fixture.worker.status.commits == 1 }
        #expect(try first.get("old") == 2)
        #expect(try owner("old") == KeyMetadata(partition: 0, isHere: true, address: nil))
        #expect(throws: StreamsError.self) { try second.get("old") }

        fixture.admin.counts["x2"] = 2
        fixture.consumer.membershipEvents = [.revoked([Self.partition("x1")])]
        try fixture.step()
        fixture.announce(["x1"], ["x2": 2])
        fixture.rebalance()
        // The existing partition can be read meanwhile, and is not looked for elsewhere.
        try fixture.steps(until: "the second task") { fixture.worker.status.tasks.count == 2 }
        #expect(try first.get("old") == 2)
        let new = try #require(try (0..<20).map { "new \($0)" }.first { try owner($0).partition == 1 })
        fixture.cluster.write(["c"], to: "x2", partition: 1, key: new)
        try fixture.steps(until: "a commit") { fixture.worker.status.commits == 2 }
        #expect(try owner(new) == KeyMetadata(partition: 1, isHere: true, address: nil))
        #expect(try [counts.get("old"), counts.get(new), second.get(new)] == [2, 1, 1])
        #expect(try counts.entries().map(\.key) == [new, "old"])
        let read = [Self.partition("x1"), Self.partition("x2"), Self.partition("x2", 1)]
        #expect(fixture.localStores.instances.map(\.partitions) == [Set(read)])

        fixture.admin.counts["x2"] = nil
        fixture.consumer.membershipEvents = [.revoked(read)]
        try fixture.step()
        fixture.announce(["x1"])
        fixture.rebalance()
        try fixture.steps(until: "one task") { fixture.worker.status.tasks.count == 1 }
        #expect(try counts.get("old") == 2)
        #expect(throws: StreamsError.self) { try second.get(new) }
        #expect(fixture.localStores.instances.map(\.partitions) == [[Self.partition("x1")]])
    }

    @Test("while no topic matches there is nothing to do, and the worker does not join the group")
    func nothing() throws {
        func define(_ builder: StreamsBuilder) {
            builder.stream(matching: "x.*", key: .string, value: .string).to("out")
        }
        let fixture = try WorkerFixture(topics: [:], configure: { $0.topicCheckIntervalMs = 1_000 }, define)
        try fixture.worker.start()
        try fixture.stepsUntilRunning()
        #expect(fixture.consumer.subscription == [])
        fixture.admin.counts["x1"] = 1
        fixture.cluster.write(["a"], to: "x1")
        try fixture.steps(until: "the subscription") { fixture.consumer.subscription == ["x1"] }
        fixture.announce(["x1"])
        fixture.rebalance()
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["a"] }
    }

    @Test("a broker that does not answer is asked again; meanwhile everything else continues")
    func unanswered() throws {
        let fixture = try fixture()
        try fixture.start()
        try fixture.stepsUntilRunning()
        fixture.cluster.errors["topic names"] = [PortError(.retriable, "no answer")]
        fixture.admin.counts["x2"] = 1
        try fixture.steps(until: "the subscription") { fixture.consumer.subscription == ["in", "x1", "x2"] }
        #expect(fixture.worker.status.phase == .running)
    }

    @Test("a topic that is not copartitioned with the other side of its join ends the worker, and is named")
    func copartitioning() throws {
        let fixture = try WorkerFixture(topics: ["in": 2, "x1": 2]) { builder in
            builder.stream(matching: "x.*", key: .string, value: .string)
                .join(builder.table("in", key: .string, value: .string)) { $0 + $1 }.to("out")
        }
        fixture.cluster.group = GroupDescription(
            isStable: true, members: [GroupMember(memberID: "me", clientID: "a")],
            assigned: [Self.partition("in", 1), Self.partition("x1", 1), Self.partition("x2", 2)])
        fixture.admin.counts["x2"] = 3
        let error = #expect(throws: StreamsError.self) {
            try fixture.start()
            try fixture.steps(until: "the error") { false }
        }
        #expect(error?.code == .topic)
        #expect(error?.message.contains("x1 (2 partitions) and x2 (3 partitions) are joined by") == true)
    }
}

extension WorkerFixture {
    /// Makes the group's leader see topics, with one partition each or with the given counts.
    func announce(_ topics: [String], _ counts: [String: Int32] = [:]) {
        let all = Dictionary(uniqueKeysWithValues: topics.map { ($0, Int32(1)) }).merging(counts) { $1 }
        cluster.group = GroupDescription(
            isStable: true, members: [GroupMember(memberID: "me", clientID: "a")],
            assigned: all.flatMap { topic, count in
                (0..<count).map { TopicPartition(topic: topic, partition: $0) }
            })
    }
}
