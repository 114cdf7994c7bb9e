import EmbeddedBroker
import Foundation
import KafkaClient
import Millrace
import MillraceOperations
import MillraceRuntime
import Synchronization
import Testing

/// A record that a test writes; its partition is that of Kafka's default partitioner.
typealias Written = (topic: String, key: String?, value: String?, ms: Int64)

/// Explains a key of a topic whose records all count as processed, unless an offset is given.
func explain(
    _ key: String, of topic: String = "in", _ records: [Written], partitions: Int32 = 1, processed: Int64? = nil,
    in partition: Int32? = nil, from: LogLocation = .beginning, handlers: ErrorHandlers = ErrorHandlers(),
    bounds: ExplainBounds = ExplainBounds(), _ define: (StreamsBuilder) -> Void
) async throws -> Explanation {
    let cluster = try await Cluster(["in": partitions, "other": partitions, "out": partitions, "second": partitions])
    var ends: [KafkaClient.TopicPartition: Int64] = [:]
    for record in records {
        let number =
            record.key.map { key in
                Array(key.utf8).withUnsafeBytes { KafkaPartitioner.partition(for: $0, count: partitions) }
            } ?? 0
        try cluster.write(record.key, record.value, to: record.topic, partition: number, timestampMs: record.ms)
        ends[KafkaClient.TopicPartition(record.topic, number), default: 0] += 1
    }
    if let processed { ends[KafkaClient.TopicPartition(topic, 0)] = processed }
    try cluster.commit(ends)
    let builder = StreamsBuilder()
    define(builder)
    var configuration = cluster.configuration
    configuration.errorHandlers = handlers
    var explain = Explain(try builder.build(), configuration)
    explain.topic = topic
    explain.partition = partition
    explain.from = from
    explain.bounds = bounds
    let explanation = try explain.run(key: key)
    try await cluster.broker.stop()
    return explanation
}

@Suite("Explanations") struct ExplainTests {
    @Test("a result is shown with the nodes on its way, and a filter with its name")
    func filters() async throws {
        let define: (StreamsBuilder) -> Void = { builder in
            builder.stream("in", key: .string, value: .string).filter { $1 != "no" }.mapValues { $0 + "!" }
                .to("out", key: .string, value: .string)
        }
        let taken = try await explain(
            "a", [("in", "a", "no", 1), ("in", "b", "yes", 2), ("in", "a", "yes", 3)], define)
        #expect(taken.outcome == "produced" && taken.processed?.offset == 2 && taken.behind == nil)
        #expect(taken.outputs.map(\.value.text) == [#""yes!""#] && taken.steps.count == 4)
        let dropped = try await explain("a", [("in", "a", "no", 1), ("in", "b", "yes", 2)], define)
        #expect(dropped.outcome == "filtered" && dropped.outputs.isEmpty)
        #expect(dropped.steps.last?.node.contains("FILTER") == true)
        let absent = try await explain("c", [("in", "a", "no", 1)], define)
        #expect(absent.outcome == "no_record" && absent.last == nil && absent.steps.isEmpty)
    }

    @Test("a record beyond the committed offset is not processed, and the one before it is explained")
    func behind() async throws {
        let define: (StreamsBuilder) -> Void = { builder in
            builder.stream("in", key: .string, value: .string).to("out", key: .string, value: .string)
        }
        let records: [(String, String?, String?, Int64)] = [
            ("in", "a", "1", 1), ("in", "b", "2", 2), ("in", "a", "3", 3),
        ]
        let some = try await explain("a", records, processed: 1, define)
        #expect(some.last?.offset == 2 && some.processed?.offset == 0 && some.behind?.records == 2)
        #expect(some.outcome == "produced" && some.summary.contains("not processed yet"))
        let none = try await explain("a", records, processed: 0, define)
        #expect(none.outcome == "unprocessed" && none.processed == nil)
    }

    @Test("a late record says by how much, and which window was closed")
    func late() async throws {
        let late = try await explain("a", [("in", "a", "1", 60_000), ("in", "a", "2", 1_000)]) { builder in
            builder.stream("in", key: .string, value: .string).groupByKey()
                .windowedBy(.tumbling(.seconds(10), grace: .seconds(5))).count(into: .store("counts"))
        }
        #expect(late.outcome == "late" && late.changes.isEmpty)
        #expect(late.summary.contains("too late by 45.0 seconds") && late.summary.contains("a wait of 5.0 seconds"))
    }

    @Test("a split without a branch for a record, and a function that makes nothing, say so")
    func branches() async throws {
        let none = try await explain("a", [("in", "a", "1", 1)]) { builder in
            builder.stream("in", key: .string, value: .string).flatMapValues { _ in [String]() }
                .to("out", key: .string, value: .string)
        }
        #expect(none.outcome == "made_nothing")
    }

    @Test("a null value, and a record that a handler drops or sends to a topic, say so")
    func errors() async throws {
        struct Refused: Error {}
        let define: (StreamsBuilder) -> Void = { builder in
            builder.stream("in", key: .string, value: .string).mapValues { _ -> String in throw Refused() }
                .to("out", key: .string, value: .string)
        }
        let handlers = ErrorHandlers(processing: { _ in .deadLetter(topic: "dead") })
        let failed = try await explain("a", [("in", "a", "1", 1)], handlers: handlers, define)
        #expect(failed.outcome == "failed" && failed.summary.contains("sent the record to dead"))
        let asked = Mutex(0)
        let counting = ErrorHandlers(processing: { _ in
            asked.withLock { $0 += 1 }
            return .continue
        })
        let dropped = try await explain(
            "a", [("in", "b", "1", 1), ("in", "a", "1", 2), ("in", "c", "1", 3)], handlers: counting, define)
        #expect(dropped.outcome == "failed" && dropped.summary.contains("the handler dropped the record"))
        // The handlers are not asked about other records.
        #expect(asked.withLock(\.self) == 1)
        let null = try await explain("a", [("in", "a", nil, 1)]) { builder in
            builder.stream("in", key: .string, value: .string).groupByKey().count(into: .store("counts"))
        }
        #expect(null.outcome.hasPrefix("null_"))
    }

    @Test("a join of streams waits, is joined later, or has waited in vain")
    func streamJoins() async throws {
        let define: (StreamsBuilder) -> Void = { builder in
            let left = builder.stream("in", key: .string, value: .string)
            let right = builder.stream("other", key: .string, value: .string)
            left.join(right, within: .difference(.seconds(10), grace: .seconds(1))) { $0 + $1 }.to(
                "out", key: .string, value: .string)
        }
        let waiting = try await explain("a", [("in", "a", "1", 1_000)], define)
        #expect(waiting.outcome == "waiting" && waiting.summary.contains("1970-01-01T00:00:12"))
        let joined = try await explain("a", [("in", "a", "1", 1_000), ("other", "a", "2", 5_000)], define)
        #expect(joined.outcome == "produced" && joined.outputs.map(\.value.text) == [#""12""#])
        #expect(joined.steps.contains { $0.outcome == "joined" && $0.detail.contains("other-0@0") })
        let passed = try await explain("a", [("in", "a", "1", 1_000), ("in", "b", "1", 90_000)], define)
        #expect(passed.outcome == "no_match")
    }

    @Test("a record without a match in a table says so, and a suppressed one until when")
    func tables() async throws {
        let unmatched = try await explain("a", [("in", "a", "1", 1)]) { builder in
            let table = builder.table("other", key: .string, value: .string)
            builder.stream("in", key: .string, value: .string).join(table) { $0 + $1 }
                .to("out", key: .string, value: .string)
        }
        #expect(unmatched.outcome == "no_match")
        let define: (StreamsBuilder) -> Void = { builder in
            builder.stream("in", key: .string, value: .string).groupByKey()
                .windowedBy(.tumbling(.seconds(10), grace: .seconds(5))).count(into: .store("counts"))
                .suppress(.untilWindowCloses()).toStream().mapValues { "\($0)" }
                .to("out", value: .string)
        }
        let held = try await explain("a", [("in", "a", "1", 1_000)], define)
        #expect(held.outcome == "suppressed" && held.summary.contains("until stream time 1970-01-01T00:00:15"))
        let released = try await explain("a", [("in", "a", "1", 1_000), ("in", "b", "1", 90_000)], define)
        #expect(released.outcome == "produced" && released.outputs.count == 1)
        #expect(released.steps.contains { $0.isLater })
    }

    @Test("the trail goes on through a repartition topic")
    func repartition() async throws {
        let counted = try await explain("a", [("in", "a", "x", 1), ("in", "b", "x", 2), ("in", "a", "x", 3)]) {
            builder in
            builder.stream("in", key: .string, value: .string).groupBy(key: .string) { _, value in value }
                .count(into: .store("counts")).toStream().to("out", key: .string, value: .int64)
        }
        #expect(counted.outcome == "produced" && counted.outputs.map(\.key.text) == [#""x""#])
        #expect(counted.outputs.map(\.value.text) == ["3"] && counted.changes.map(\.store) == ["counts"])
    }
}
