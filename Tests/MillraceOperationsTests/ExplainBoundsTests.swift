import EmbeddedBroker
import KafkaClient
import Millrace
import MillraceRuntime
import Testing

@testable import MillraceOperations

@Suite("What an explanation reads") struct ExplainBoundsTests {
    private let counting: (StreamsBuilder) -> Void = { builder in
        builder.stream("in", key: .string, value: .string).groupByKey().count(into: .store("counts")).toStream()
            .to("out", key: .string, value: .int64)
    }

    @Test("only the last records are read, and the answer says how many are left out")
    func records() async throws {
        let records: [Written] = [("in", "old", "x", 0)] + (1...99).map { ("in", "a", "x", Int64($0)) }
        var bounds = ExplainBounds()
        bounds.records = 10
        let cut = try await explain("a", records, bounds: bounds, counting)
        #expect(cut.outcome == "produced" && cut.processed?.offset == 99)
        // Of what is counted, 10 records are known.
        #expect(cut.outputs.map(\.value.text) == ["10"] && cut.skippedRecords == 90)
        #expect(
            cut.notes == [
                "in-0: only the last 10 of 100 processed records were read; what those before offset 90 did is not known"
            ])
        let absent = try await explain("old", records, bounds: bounds, counting)
        #expect(absent.outcome == "no_record" && absent.last == nil)
        #expect(absent.summary == "in-0 has no record of the key among those that were read")
        let whole = try await explain("old", records, counting)
        #expect(whole.outcome == "produced" && whole.skippedRecords == 0 && whole.notes.isEmpty)
        #expect(whole.processed?.offset == 0)
    }

    @Test("records that are larger than was to be expected are read in smaller slices, until they fit")
    func bytes() async throws {
        let value = String(repeating: "x", count: 10_000)
        let records: [Written] = (0..<100).map { ("in", "a", value, Int64($0)) }
        var bounds = ExplainBounds()
        bounds.sizeInBytes = 150_000
        let cut = try await explain("a", records, bounds: bounds, counting)
        // 100 and 50 records of 10,001 bytes were too many, 25 too; 12 fit.
        #expect(cut.outcome == "produced" && cut.outputs.map(\.value.text) == ["12"] && cut.skippedRecords == 88)
        bounds.sizeInBytes = 1
        let one = try await explain("a", records, bounds: bounds, counting)
        #expect(one.outcome == "produced" && one.outputs.map(\.value.text) == ["1"] && one.skippedRecords == 99)
    }

    @Test("records that wait do not push those that are processed out of what is read")
    func waiting() async throws {
        let records: [Written] =
            [("in", "a", "1", 0)] + (1...50).map { ("in", "b", "x", Int64($0)) } + [("in", "a", "2", 51)]
        var bounds = ExplainBounds()
        bounds.records = 10
        let found = try await explain("a", records, processed: 1, bounds: bounds, counting)
        #expect(found.processed?.offset == 0 && found.last?.offset == 51 && found.last?.value.text == #""2""#)
        #expect(found.behind?.records == 51 && found.skippedRecords == 41)
        #expect(found.notes == ["in-0: only the last 10 of 51 waiting records were read"])
        #expect(found.summary.contains("a later one, at offset 51, is not processed yet; 51 records of in-0 waiting"))
    }

    @Test("the key's own partition gets half of what may be read, and small partitions are kept whole")
    func shares() {
        let key = KafkaClient.TopicPartition("in", 0)
        let (table, large, larger) = (
            KafkaClient.TopicPartition("table", 0), KafkaClient.TopicPartition("large", 0),
            KafkaClient.TopicPartition("larger", 0)
        )
        let slices = [key: Int64(100)..<1_100, table: 5..<10, large: 0..<1_000, larger: 0..<5_000]
        let cut = ExplainBounds.cut(slices, of: key, to: 200)
        #expect(cut == [key: 1_000..<1_100, table: 5..<10, large: 953..<1_000, larger: 4_952..<5_000])
        #expect(ExplainBounds.total(cut.values) == 200)
        #expect(
            ExplainBounds.cut([key: 0..<1_000, table: 0..<5], of: key, to: 100) == [key: 905..<1_000, table: 0..<5])
        #expect(ExplainBounds.cut(slices, of: key, to: 1) == [key: 1_099..<1_100])
        #expect(ExplainBounds.cut([key: 0..<3, table: 0..<0], of: key, to: .max) == [key: 0..<3])
        #expect(ExplainBounds.cut([table: 0..<4], of: key, to: 3) == [table: 1..<4])
    }

    @Test("an explanation gives up at its deadline, and says so")
    func deadline() async throws {
        let cluster = try await Cluster(["in": 1, "out": 1])
        let builder = StreamsBuilder()
        counting(builder)
        var explain = Explain(try builder.build(), cluster.configuration)
        explain.deadline = .now
        let failure = Cluster.failure { _ = try explain.run(key: "a") }
        #expect(failure?.kind == .busy && failure?.code == "timeout")
        explain.deadline = .now.advanced(by: .seconds(60))
        #expect(try explain.run(key: "a").outcome == "no_record")
        try await cluster.broker.stop()
    }

    @Test("what waits in a repartition topic is said, and so is what its owner has paused")
    func downstream() async throws {
        let topic = "shop-counts-repartition"
        let cluster = try await Cluster(["in": 1, "out": 1, topic: 2])
        try cluster.write("a", "x", to: "in")
        for number in 0..<3 { try cluster.write("x", "x", to: topic, partition: 1, timestampMs: Int64(number)) }
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).groupBy(named: "counts", key: .string) { _, value in value }
            .count(into: .store("counts")).toStream().to("out", key: .string, value: .int64)
        let topology = try builder.build()
        let partition = Array("x".utf8).withUnsafeBytes { KafkaPartitioner.partition(for: $0, count: 1) }
        #expect(partition == 0 && topology.repartitionTopics.map(\.name) == ["counts-repartition"])
        try cluster.write("x", "x", to: topic, partition: 0)
        try cluster.write("x", "y", to: topic, partition: 0)
        try cluster.commit([KafkaClient.TopicPartition("in", 0): 1, KafkaClient.TopicPartition(topic, 0): 1])
        var found = try Explain(topology, cluster.configuration).run(key: "a")
        #expect(found.outcome == "produced" && found.downstream.map(\.task) == ["1_0"])
        #expect(found.downstream.map(\.waitingRecords) == [1] && found.downstream.map(\.committed) == [1])
        #expect(
            found.summary.hasSuffix(
                "; what follows may not have happened yet: 1 record waiting in \(topic)-0; no instance has task 1_0 now"
            ))
        found.downstream[0].owner = "b:1"
        found.reader.owner = "a:1"
        #expect(found.owners == ["a:1", "b:1"])
        found.take(["a:1": .paused([1]), "b:1": .paused([0, 1])])
        #expect(found.isPaused == false && found.downstream[0].isPaused == true && found.notes.isEmpty)
        #expect(
            found.summary.hasSuffix("1 record waiting in \(topic)-0; sub-topology 1 is paused on b:1"))
        try await cluster.broker.stop()
    }

    @Test("a pause is said wherever the record is; what cannot be known is a note")
    func pauses() async throws {
        var waiting = try await explain("a", [("in", "a", "1", 1)], processed: 0, counting)
        #expect(waiting.outcome == "unprocessed" && waiting.isPaused == nil)
        #expect(waiting.summary.hasSuffix("no instance has task 0_0 now"))
        waiting.reader.owner = "a:1"
        waiting.take(["a:1": .unknown("nobody answers")])
        #expect(waiting.outcome == "unprocessed" && waiting.isPaused == nil)
        #expect(waiting.notes == ["whether 0_0 is paused on a:1 cannot be known: nobody answers"])
        #expect(waiting.json.text.contains(#""owner": "a:1", "paused": null"#))
        waiting.take(["a:1": .paused([0])])
        #expect(waiting.outcome == "paused" && waiting.isPaused == true)
        #expect(
            waiting.summary.hasPrefix("the record at offset 0 is not processed yet; 1 record of in-0 waiting, for "))
        #expect(waiting.summary.hasSuffix("; sub-topology 0 is paused on a:1"))
        waiting.take(["a:1": .paused([])])
        #expect(waiting.outcome == "unprocessed" && waiting.isPaused == false)
        #expect(!waiting.summary.contains("paused"))
        var done = try await explain("a", [("in", "a", "1", 1)], counting)
        done.reader.owner = "a:1"
        done.take(["a:1": .paused([0])])
        #expect(done.outcome == "produced")
        #expect(done.summary == "the record at offset 0 produced 1 result; sub-topology 0 is paused on a:1")
        #expect(done.json.text.contains(#""paused": true"#))
    }
}
