import Millrace
import MillraceTesting
import Testing

@Suite("Topics by pattern")
struct SourcePatternTests {
    private func topology() throws -> Topology {
        let builder = StreamsBuilder()
        builder.stream(matching: "payments-.*", key: .string, value: .string)
            .groupByKey().count(into: .store("counts")).toStream().to("out")
        return try builder.build()
    }

    @Test("every topic whose whole name matches is read, and described by the pattern")
    func matches() throws {
        let topology = try topology()
        #expect(topology.describe().contains("Source: KSTREAM-SOURCE-0000000000 (topics: payments-.*)\n"))
        let driver = try TopologyTestDriver(topology)
        for topic in ["payments-card", "payments-cash"] {
            try driver.inputTopic(topic, key: .string, value: .string).pipe(key: "a", value: "x")
        }
        try driver.restart()
        try driver.inputTopic("payments-card", key: .string, value: .string).pipe(key: "a", value: "x")
        #expect(try driver.outputTopic("out", key: .string, value: .int64).readValues() == [1, 2, 3])
        #expect(throws: StreamsError.self) {
            try driver.inputTopic("old-payments-card", key: .string, value: .string).pipe(key: "a", value: "x")
        }
    }

    @Test("with several partitions the topics are those that the driver was told of")
    func partitions() throws {
        let driver = try TopologyTestDriver(topology(), partitions: ["payments-card": 2, "payments-cash": 3])
        for key in ["a", "b", "c", "a"] {
            try driver.inputTopic("payments-cash", key: .string, value: .string).pipe(key: key, value: "x")
        }
        #expect(try driver.outputTopic("out", key: .string, value: .int64).readTable() == ["a": 2, "b": 1, "c": 1])
    }

    @Test("what is no regular expression is told when the topology is built")
    func noExpression() throws {
        let builder = StreamsBuilder()
        builder.stream(matching: "(", key: .string, value: .string).to("out")
        let error = #expect(throws: StreamsError.self) { _ = try builder.build() }
        #expect(error?.message.contains("is no regular expression") == true)
    }
}
