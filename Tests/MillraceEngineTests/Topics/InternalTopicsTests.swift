import Millrace
import MillraceEngine
import Testing

@Suite("InternalTopics")
struct InternalTopicsTests {
    private let admin = FakeAdmin(FakeCluster())

    private func prepare() throws -> TopicPlan {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).selectKey { _, value in value }
            .groupByKey(key: .string, value: .string).count(into: .store("counts")).toStream().to("out")
        return try InternalTopics.prepare(
            builder.build(), applicationID: "app", replicationFactor: 2, admin: admin)
    }

    @Test("missing topics are created")
    func creates() throws {
        admin.counts = ["in": 4, "out": 1]
        let plan = try prepare()
        #expect(admin.created == plan.internalTopics)
        #expect(admin.created.map(\.name) == ["app-counts-repartition", "app-counts-changelog"])
    }

    @Test("correct topics are left alone, however their settings are written")
    func existing() throws {
        admin.counts = ["in": 4, "out": 1, "app-counts-repartition": 4]
        admin.settings = ["app-counts-repartition": ["cleanup.policy": " delete"]]
        _ = try prepare()
        #expect(admin.created.map(\.name) == ["app-counts-changelog"])
        _ = try prepare()
        #expect(admin.created.count == 1)
    }

    @Test("every topic with a wrong partition count or cleanup policy is named, with the remedy")
    func wrong() throws {
        admin.counts = ["in": 4, "out": 1, "app-counts-repartition": 3, "app-counts-changelog": 4]
        admin.settings = ["app-counts-changelog": ["cleanup.policy": "delete"]]
        let error = #expect(throws: StreamsError.self) { _ = try prepare() }
        #expect(error?.code == .topic)
        #expect(error?.message.contains("app-counts-repartition has 3 partitions, but the topology needs 4") == true)
        #expect(error?.message.contains("reset the application") == true)
        #expect(error?.message.contains("app-counts-changelog has cleanup.policy=delete, but needs compact") == true)
        #expect(admin.created.isEmpty)
    }

    @Test("a topic that cannot be found after its creation is an error")
    func vanished() {
        admin.counts = ["in": 1, "out": 1]
        admin.forgets = true
        let error = #expect(throws: StreamsError.self) { _ = try prepare() }
        #expect(error?.message.contains("was created but cannot be found") == true)
    }

    @Test("missing topics for late records and dead letters are named, with the records that go there")
    func otherOutputs() throws {
        let builder = StreamsBuilder()
        _ = builder.stream("in", key: .string, value: .string).groupByKey().windowedBy(.tumbling(.seconds(1)))
            .count(into: .store("counts").lateRecords(to: "late"))
        let topology = try builder.build()
        func prepare() throws {
            _ = try InternalTopics.prepare(
                topology, applicationID: "app", replicationFactor: 2, deadLetterTopics: ["dead"], admin: admin)
        }
        admin.counts = ["in": 1]
        let error = #expect(throws: StreamsError.self) { try prepare() }
        #expect(error?.code == .topic)
        #expect(
            error?.message
                == "topic late, which the late records of counts go to, does not exist: create it before starting; "
                + "topic dead, which records that cannot be processed go to, does not exist: create it before starting")
        #expect(admin.created.isEmpty)
        admin.counts = ["in": 1, "late": 1, "dead": 1]
        try prepare()
    }

    @Test("nothing is created if a source or a sink is missing", arguments: [["out": Int32(1)], ["in": 1]])
    func missing(counts: [String: Int32]) {
        admin.counts = counts
        let error = #expect(throws: StreamsError.self) { _ = try prepare() }
        #expect(error?.message.contains("does not exist: create it before starting") == true)
        #expect(admin.created.isEmpty)
    }
}
