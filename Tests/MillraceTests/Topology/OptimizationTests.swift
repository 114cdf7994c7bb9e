import Millrace
import MillraceTesting
import Testing

@Suite("Optimising a topology")
struct OptimizationTests {
    private let records = [("a", "x1"), ("b", "x2"), ("a", "y3"), ("b", "no")]

    /// Builds twice, plain and optimised; checks that both give the same and returns their numbers of repartition topics.
    private func repartitionTopics(_ define: (StreamsBuilder) -> Void) throws -> (plain: Int, optimized: Int) {
        let builder = StreamsBuilder()
        define(builder)
        let topologies = [try builder.build(), try builder.build(optimization: .all)]
        let results = try topologies.map { topology in
            let driver = try TopologyTestDriver(topology)
            let input = driver.inputTopic("in", key: .string, value: .string)
            for (key, value) in records { try input.pipe(key: key, value: value) }
            return try ["one", "two"].map { topic in
                try driver.outputTopic(topic, key: .string, value: .string).readTable()
            }
        }
        #expect(results[0] == results[1])
        #expect(!results[0].contains { $0.isEmpty })
        return (Self.count(topologies[0]), Self.count(topologies[1]))
    }

    private static func count(_ topology: Topology) -> Int {
        topology.describe().split(separator: "\n").count { $0.contains("Sink:") && $0.contains("-repartition)") }
    }

    private func text(_ table: KTable<String, Int64>) -> KStream<String, String> {
        table.mapValues { count in String(count) }.toStream()
    }

    @Test("two aggregations downstream of one key change share a topic")
    func shared() throws {
        let topics = try repartitionTopics { builder in
            let rekeyed = builder.stream("in", key: .string, value: .string)
                .selectKey { _, value in value.first.map(String.init) }
            text(rekeyed.groupByKey().count()).to("one")
            rekeyed.groupByKey().reduce { $0 + $1 }.toStream().to("two")
        }
        #expect(topics == (2, 1))
    }

    @Test("so do two downstream of the same filter")
    func behindFilter() throws {
        let topics = try repartitionTopics { builder in
            let rekeyed = builder.stream("in", key: .string, value: .string)
                .selectKey { _, value in value.first.map(String.init) }
                .filter { _, value in value != "no" }
            text(rekeyed.groupByKey().count()).to("one")
            rekeyed.groupByKey().reduce { $0 + $1 }.toStream().to("two")
        }
        #expect(topics == (2, 1))
    }

    @Test("two key changes that are merged share the topic downstream of the merge")
    func behindMerge() throws {
        let topics = try repartitionTopics { builder in
            let stream = builder.stream("in", key: .string, value: .string)
            let merged = stream.selectKey { _, value in value }.merge(stream.selectKey { key, _ in key })
            text(merged.groupByKey().count()).to("one")
            merged.groupByKey().reduce { $0 + $1 }.toStream().to("two")
        }
        #expect(topics == (2, 1))
    }

    @Test("a value that has changed in between keeps its own topic")
    func changedValue() throws {
        let topics = try repartitionTopics { builder in
            let rekeyed = builder.stream("in", key: .string, value: .string).selectKey { _, value in value }
            text(rekeyed.mapValues { value in value + "!" }.groupByKey().count()).to("one")
            text(rekeyed.mapValues { value in value + "?" }.groupByKey().count()).to("two")
        }
        #expect(topics == (2, 2))
    }

    @Test("repartitionings downstream of a processor are merged across it on request", arguments: [false, true])
    func acrossProcessors(isAskedFor: Bool) throws {
        let builder = StreamsBuilder()
        let keyed = builder.stream("in", key: .string, value: .string).selectKey { _, value in value }
        keyed.groupByKey(key: .string, value: .string).count(into: .store("all"))
        keyed.process { (context: ProcessorContext<String, String>) in { record in try context.forward(record) } }
            .groupByKey(key: .string, value: .string).count(into: .store("processed"))
        let topology = try builder.build(
            optimization: isAskedFor
                ? [.mergeRepartitionTopics, .mergeRepartitionTopicsAcrossProcessors] : .mergeRepartitionTopics)
        #expect(
            topology.repartitionTopics.map(\.name)
                == (isAskedFor ? ["all-repartition"] : ["all-repartition", "processed-repartition"]))
    }
}
