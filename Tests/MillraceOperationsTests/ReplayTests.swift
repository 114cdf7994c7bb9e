import EmbeddedBroker
import KafkaClient
import Millrace
import MillraceOperations
import MillraceRuntime
import Testing

@Suite("Replay and lag") struct ReplayTests {
    /// Counts orders by their contents, behind a repartition topic.
    static func topology() throws -> Topology {
        let builder = StreamsBuilder()
        builder.stream("orders", key: .string, value: .string)
            .mapValues(value: .string) { (value: String) throws -> String in
                guard value != "bad" else { throw SerdeError(type: "order", message: "a bad one") }
                return value
            }
            .groupBy(key: .string) { _, value in value }
            .count(into: .store("totals"))
            .toStream().to("results", key: .string, value: .int64)
        return try builder.build()
    }

    @Test("a replay shows each change of a key behind a repartition topic, and writes nothing to the cluster")
    func replay() async throws {
        let cluster = try await Cluster(["orders": 2, "results": 1])
        for (number, item) in ["tea", "milk", "tea", "bad", "tea"].enumerated() {
            try cluster.write(
                "k\(number)", item, to: "orders", partition: Int32(number % 2), timestampMs: Int64(number + 1) * 1_000)
        }
        var replay = Replay(try Self.topology(), applicationID: "shop", cluster.connection)
        replay.key = "tea"
        var steps: [Replay.Step] = []
        var notices: [String] = []
        let summary = try replay.run(notice: { notices.append($0) }, each: { steps.append($0) })
        #expect(summary.records == 5 && summary.changes == 3 && summary.outputs == 3 && summary.errors == 1)
        #expect(notices.isEmpty)
        let changes = steps.flatMap(\.changes)
        #expect(changes.map(\.value.text) == ["1", "2", "3"] && changes.map(\.before?.text) == [nil, "1", "2"])
        #expect(changes.allSatisfy { $0.store == "totals" && $0.key.text == "\"tea\"" })
        #expect(steps.map(\.input.timestampMs) == [1_000, 3_000, 5_000])
        #expect(steps.flatMap(\.outputs).map(\.topic) == ["results", "results", "results"])
        #expect(try cluster.read("results").isEmpty)
        let names = try cluster.connection.admin().topicNames(timeoutMs: 5_000)
        #expect(Set(names) == ["orders", "results"])
        try await cluster.broker.stop()
    }

    @Test("a slice by offset or time begins with empty stores and says so; errors name the record's own offset")
    func slice() async throws {
        let cluster = try await Cluster(["orders": 1, "results": 1])
        for (number, item) in ["tea", "tea", "bad", "tea"].enumerated() {
            try cluster.write("k", item, to: "orders", timestampMs: Int64(number + 1) * 1_000)
        }
        for from in [LogLocation.offset(1), .time(2_000)] {
            var replay = Replay(try Self.topology(), applicationID: "shop", cluster.connection)
            replay.from = from
            replay.to = .offset(3)
            var steps: [Replay.Step] = []
            var notices: [String] = []
            _ = try replay.run(notice: { notices.append($0) }, each: { steps.append($0) })
            #expect(steps.map(\.input.offset) == [1, 2])
            #expect(steps.flatMap(\.changes).map(\.value.text) == ["1"])
            #expect(notices.contains { $0.contains("the stores begin empty") })
            #expect(steps.last?.errors.first?.contains("offset 2]") == true)
        }
        try await cluster.broker.stop()
    }

    @Test(
        "a topic to which the topology writes and that it reads is replayed from the log alone, whatever it is called",
        arguments: ["hops", "shop-hops"])
    func loop(loop: String) async throws {
        let cluster = try await Cluster(["orders": 1, loop: 1, "results": 1])
        let builder = StreamsBuilder()
        builder.stream("orders", key: .string, value: .string).mapValues { $0 + "+" }
            .to(loop, key: .string, value: .string)
        builder.stream(loop, key: .string, value: .string).groupByKey().count(into: .store("totals"))
            .toStream().to("results", key: .string, value: .int64)
        // What the application has written stands in the log already.
        for (number, item) in ["tea", "milk"].enumerated() {
            try cluster.write("k", item, to: "orders", timestampMs: Int64(number) * 1_000)
            try cluster.write("k", item + "+", to: loop, timestampMs: Int64(number) * 1_000)
        }
        var steps: [Replay.Step] = []
        let replay = Replay(try builder.build(), applicationID: "shop", cluster.connection)
        let summary = try replay.run(notice: { _ in }, each: { steps.append($0) })
        #expect(summary.records == 4 && summary.changes == 2 && summary.outputs == 4 && summary.errors == 0)
        #expect(steps.flatMap(\.changes).map { "\($0.store) \($0.value.text)" } == ["totals 1", "totals 2"])
        #expect(
            steps.flatMap(\.outputs).map { "\($0.topic) \($0.value.text)" }.sorted()
                == [
                    "\(loop) \"milk+\"", "\(loop) \"tea+\"", "results 1", "results 2",
                ].sorted())
        #expect(steps.filter { $0.input.topicPartition.topic == loop }.map(\.input.offset) == [0, 1])
        var explain = Explain(try builder.build(), cluster.configuration)
        explain.topic = loop
        try cluster.commit([KafkaClient.TopicPartition("orders", 0): 2, KafkaClient.TopicPartition(loop, 0): 2])
        let explanation = try explain.run(key: "k")
        #expect(explanation.processed?.offset == 1 && explanation.outputs.map(\.value.text) == ["2"])
        #expect(explanation.changes.map(\.value.text) == ["2"])
        try await cluster.broker.stop()
    }

    @Test("a replay says which records have been deleted")
    func deletedRecords() async throws {
        let cluster = try await Cluster(["orders": 1, "results": 1])
        for _ in 0..<3 { try cluster.write("k", "tea", to: "orders") }
        _ = try cluster.connection.admin().deleteRecords(
            before: [KafkaClient.TopicPartition("orders", 0): 2], timeoutMs: 5_000)
        var notices: [String] = []
        let replay = Replay(try Self.topology(), applicationID: "shop", cluster.connection)
        let summary = try replay.run(notice: { notices.append($0) }, each: { _ in })
        #expect(summary.records == 1)
        #expect(notices == ["orders-0: the records before offset 2 have been deleted"])
        try await cluster.broker.stop()
    }

    @Test("lag is counted in records and in seconds, and is 0 behind what is committed")
    func lag() async throws {
        let cluster = try await Cluster(["orders": 2])
        let old = currentMs() - 60_000
        for _ in 0..<3 { try cluster.write("k", "tea", to: "orders", timestampMs: old) }
        let consumer = try KafkaConsumer([
            "bootstrap.servers": cluster.broker.bootstrapServers, "group.id": "shop", "enable.auto.commit": "false",
        ])
        try consumer.commit([KafkaClient.TopicPartition("orders", 0): CommittedOffset(1)])
        let lags = try Lag(cluster.connection).measure(group: "shop", topics: ["orders"])
        #expect(lags.map(\.records) == [2, 0] && lags.map(\.committed) == [1, nil])
        #expect((60.0..<120).contains(lags[0].seconds) && lags[1].seconds == 0)
        try consumer.commit([KafkaClient.TopicPartition("orders", 0): CommittedOffset(3)])
        #expect(try Lag(cluster.connection).measure(group: "shop").map(\.seconds) == [0])
        try consumer.close()
        try await cluster.broker.stop()
    }

    @Test("records of changelogs and repartition topics are shown by the serdes of the topology")
    func decoding() throws {
        let topology = try Self.topology()
        let totals = try #require(TopicDecoder("shop-totals-changelog", of: topology, applicationID: "shop"))
        #expect(totals.store == "totals")
        #expect(totals.keyJSON(Array("tea".utf8)).text == "\"tea\"")
        #expect(totals.valueJSON([0, 0, 0, 0, 0, 0, 0, 7]).text == "7")
        #expect(totals.isKey(Array("tea".utf8), typed: "tea") && !totals.isKey(Array("tea".utf8), typed: "milk"))
        // Without the application's id any application's topic will do.
        #expect(TopicDecoder("other-totals-changelog", of: topology, applicationID: nil)?.store == "totals")
        #expect(TopicDecoder("other-totals-changelog", of: topology, applicationID: "shop") == nil)
        #expect(TopicDecoder.plain.valueJSON([0xFF, 0]).text == "{\"$hex\": \"ff00\"}")
    }

    @Test("places in the log are read as offsets, times and spans before now, and anything else is none")
    func places() {
        #expect(LogLocation("120", nowMs: 0) == .offset(120))
        #expect(LogLocation("-10m", nowMs: 1_000_000) == .time(400_000))
        #expect(LogLocation("1970-01-01T00:00:02Z", nowMs: 0) == .time(2_000))
        #expect(LogLocation("1970-01-02", nowMs: 0) == .time(86_400_000))
        for text in ["", "-", "x", "-5", "1.5", "-9223372036854775807d"] { #expect(LogLocation(text, nowMs: 1) == nil) }
    }

    @Test("a missing topic, an unreachable broker and wrong credentials each give one sentence of their kind")
    func badInput() async throws {
        let cluster = try await Cluster(["orders": 1])
        let missing = Cluster.failure { _ = try DeadLetterTopic("no-such-topic", cluster.connection) }
        #expect(missing?.kind == .missing && missing?.description.contains("no-such-topic") == true)
        let unread = Cluster.failure {
            let replay = Replay(try Self.topology(), applicationID: "shop", cluster.connection)
            _ = try replay.run(notice: { _ in }, each: { _ in })
        }
        #expect(unread == nil)
        #expect(Cluster.failure { _ = try Lag(cluster.connection).measure(group: "nobody") }?.kind == .missing)

        var configuration = cluster.configuration
        configuration.connectTimeout = .seconds(2)
        configuration.clientSettings.common = [
            "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "somebody",
            "sasl.password": "very-secret",
        ]
        let denied = Cluster.failure { _ = try ClusterConnection(configuration).admin() }
        #expect(denied?.kind == .denied, "\(denied?.description ?? "")")
        #expect(denied?.description.contains("very-secret") == false)
        try await cluster.broker.stop()
        configuration.clientSettings.common = [:]
        let unreachable = Cluster.failure { _ = try ClusterConnection(configuration).admin() }
        #expect(unreachable?.kind == .unreachable)
        #expect(unreachable?.description.contains("\n") == false)
    }
}
