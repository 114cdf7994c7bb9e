import Millrace
import Testing

@Suite("What is wrong with a topology")
struct ValidationTests {
    /// A type that brings no serde.
    private struct Plain: Sendable, Equatable {}

    private func problems(_ define: (StreamsBuilder) -> Void) -> String {
        let builder = StreamsBuilder()
        define(builder)
        let error = #expect(throws: StreamsError.self) { try builder.build() }
        #expect(error?.code == .invalidTopology)
        return error?.message ?? ""
    }

    private func texts(_ builder: StreamsBuilder, _ topic: String = "in") -> KStream<String, String> {
        builder.stream(topic, key: .string, value: .string)
    }

    @Test("a sink without a serde is named with the type and the call that wants it")
    func missingSerdeOfSink() {
        let text = problems { texts($0).mapValues { _ in Plain() }.to("out", named: "writer") }
        #expect(
            text
                == "writer: no serde for value type Plain; pass it to to(_:key:value:), or let the type conform to DefaultSerde"
        )
    }

    @Test("a repartitioning without serdes names both")
    func missingSerdeOfRepartition() {
        let text = problems { builder in
            texts(builder).map { (_: String?, _) -> (Plain?, Plain?) in (nil, nil) }.repartition(named: "moved")
                .foreach { _ in }
        }
        #expect(
            text.contains(
                "moved-repartition-sink: no serde for key type Plain and value type Plain; pass them to groupByKey, groupBy "
                    + "or repartition"))
    }

    @Test("an aggregate of a type without a serde is named")
    func missingSerdeOfAggregate() {
        let text = problems { builder in
            texts(builder).groupByKey().aggregate(into: .store("s"), initial: Plain(), named: "agg") { _, _, plain in
                plain
            }
        }
        #expect(text.contains("agg: no serde for value type Plain; pass it in aggregate(into:)"))
    }

    @Test("a serde given on the way is enough")
    func serdeGiven() throws {
        let builder = StreamsBuilder()
        let serde = Serde<Plain>(serialize: { _, _ in }, deserialize: { _ in Plain() })
        texts(builder).mapValues(value: serde) { _ in Plain() }.to("a")
        texts(builder).mapValues { _ in Plain() }.to("b", value: serde)
        _ = try builder.build()
    }

    @Test("two operators of one name are reported")
    func duplicateNames() {
        let text = problems { builder in
            texts(builder).filter(named: "same") { _, _ in true }.filter(named: "same") { _, _ in true }.to("out")
        }
        #expect(text.contains("same: an operator of this name exists already; give one of them another name"))
    }

    @Test("two stores of one name are reported")
    func duplicateStores() {
        let text = problems { builder in
            texts(builder).groupByKey().count(into: .store("s"))
            texts(builder).groupByKey().count(into: .store("s"))
        }
        #expect(text.contains("a store named s exists already; give one of them another name"))
    }

    @Test("a topic read by a stream and a table is reported with both")
    func readTwice() {
        let text = problems { builder in
            texts(builder).to("out")
            builder.table("in", key: .string, value: .string).toStream().to("other")
        }
        #expect(
            text.contains(
                "KSTREAM-SOURCE-0000000003: topic in is read by KSTREAM-SOURCE-0000000000 already; "
                    + "use that stream or table twice"))
    }

    @Test("a topic read by two streams is read once")
    func sameStreamTwice() throws {
        let builder = StreamsBuilder()
        texts(builder).to("a")
        texts(builder).to("b")
        #expect(try builder.build().sourceTopics == ["in"])
    }

    @Test("streams of one topic that are to begin at different places are reported")
    func offsetResets() {
        let text = problems { builder in
            texts(builder).to("a")
            builder.stream("in", key: .string, value: .string, offsetReset: .latest).to("b")
            builder.stream(matching: "x.*", key: .string, value: .string, offsetReset: .earliest).to("c")
            builder.stream(matching: "x.*", key: .string, value: .string, offsetReset: .byDuration(.seconds(90))).to(
                "d")
            builder.stream("old", key: .string, value: .string, offsetReset: .byDuration(.seconds(-1))).to("e")
        }
        #expect(
            text.contains(
                "KSTREAM-SOURCE-0000000002: topic in is read by KSTREAM-SOURCE-0000000000 with another offset reset policy, "
                    + "the application's instead of latest; give both the same"))
        #expect(
            text.contains(
                "what matches x.* is read by KSTREAM-SOURCE-0000000004 with another offset reset policy, earliest instead of "
                    + "by_duration:PT90.0S"))
        #expect(text.contains("KSTREAM-SOURCE-0000000008: offset reset by a negative duration"))
    }

    @Test("streams of one topic, or of one pattern, that begin at the same place are one")
    func sameOffsetReset() throws {
        let builder = StreamsBuilder()
        for output in ["a", "b"] {
            builder.stream("in", key: .string, value: .string, offsetReset: .latest).to(output)
            builder.stream(matching: "x.*", key: .string, value: .string, offsetReset: .byDuration(.seconds(1)))
                .to(output)
        }
        let text = try builder.build().describe()
        #expect(text.split(separator: "(topics: [in])").count == 2)
        #expect(text.split(separator: "(topics: x.*)").count == 2)
    }

    @Test("streams whose topics overlap are reported")
    func overlap() {
        let text = problems { builder in
            builder.stream(["a", "b"], key: .string, value: .string).to("x")
            texts(builder, "b").to("y")
        }
        #expect(text.contains("topic b is read by KSTREAM-SOURCE-0000000000 already"))
        #expect(text.contains("read each topic by a stream of its own and merge them"))
    }

    @Test("a topology that reads nothing is reported")
    func nothing() {
        #expect(problems { _ in } == "the topology reads no topic: add a stream or a table")
        #expect(problems { $0.stream([], key: .string, value: .string).to("out") }.contains("names no topic to read"))
        #expect(problems { texts($0, "").to("out") }.contains("a topic's name is empty"))
    }

    @Test("all problems are listed at once")
    func several() {
        let text = problems { builder in
            texts(builder).mapValues { _ in Plain() }.to("out", named: "first")
            builder.table("in", key: .string, value: .string).toStream().to("other")
            texts(builder, "more").filter(named: "first") { _, _ in true }.to("more-out")
        }
        #expect(text.contains("first: no serde"))
        #expect(text.contains("topic in is read by"))
        #expect(text.contains("first: an operator of this name exists already"))
    }

    @Test("a builder can be built again, and added to in between")
    func rebuild() throws {
        let builder = StreamsBuilder()
        let stream = texts(builder)
        stream.to("a")
        let first = try builder.build(optimization: .all).describe()
        stream.to("b")
        #expect(try builder.build().describe() != first)
    }
}
