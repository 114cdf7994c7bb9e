import Millrace
import MillraceTesting
import Testing

@Suite("TopologyTestDriver")
struct TopologyTestDriverTests {
    private func driver(
        applicationID: String = "app",
        _ define: (StreamsBuilder) -> Void = { builder in
            builder.stream("in", key: .string, value: .string).to("out")
        }
    ) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        define(builder)
        return try TopologyTestDriver(builder.build(), applicationID: applicationID)
    }

    private func input(_ driver: TopologyTestDriver, _ topic: String = "in") -> TestInputTopic<String, String> {
        driver.inputTopic(topic, key: .string, value: .string)
    }

    private func output(_ driver: TopologyTestDriver, _ topic: String = "out") -> TestOutputTopic<String, String> {
        driver.outputTopic(topic, key: .string, value: .string)
    }

    @Test("a record is read as it was written, once")
    func roundTrip() throws {
        let driver = try driver()
        let headers: Headers = [Header(name: "a", value: [1]), Header(name: "a", value: nil)]
        try input(driver).pipe(key: "k", value: "v", timestampMs: 7, headers: headers)
        #expect(driver.unreadTopics == ["out"])
        #expect(try output(driver).readRecord() == Record(key: "k", value: "v", timestampMs: 7, headers: headers))
        #expect(try output(driver).readRecord() == nil)
        #expect(driver.unreadTopics.isEmpty)
    }

    @Test("null and empty keys and values are distinct")
    func nullAndEmpty() throws {
        let driver = try driver()
        try input(driver).pipe(key: "", value: "")
        try input(driver).pipe(key: nil, value: nil)
        let records = try output(driver).readRecords()
        #expect(records.map(\.key) == ["", nil])
        #expect(records.map(\.value) == ["", nil])
    }

    @Test("an input topic's clock advances by its step, and a given timestamp leaves it alone")
    func clock() throws {
        let driver = try driver()
        let input = input(driver)
        input.nextTimestampMs = 100
        input.advanceMs = 10
        try input.pipe(key: "a", value: "1")
        try input.pipe(key: "a", value: "2", timestampMs: 5)
        try input.pipe(key: "a", value: "3")
        #expect(try output(driver).readRecords().map(\.timestampMs) == [100, 5, 110])
    }

    @Test("a topic that the topology does not read is refused with the names of those that it reads")
    func unknownTopic() throws {
        let driver = try driver()
        let error = #expect(throws: StreamsError.self) { try input(driver, "other").pipe(key: "a", value: "b") }
        #expect(error?.code == .topic)
        #expect(error?.message == #"the topology does not read topic other; it reads ["in"]"#)
    }

    @Test("one record runs all the way through the internal topics")
    func repartition() throws {
        let driver = try driver(applicationID: "counting") { builder in
            builder.stream("in", key: .string, value: .string)
                .groupBy { _, value in value.first.map(String.init) }
                .reduce(into: .store("joined")) { $0 + $1 }
                .toStream()
                .groupBy { _, _ in "all" }
                .count(into: .store("all"))
                .toStream().to("out", value: .int64)
        }
        try input(driver).pipe(key: "x", value: "apple", timestampMs: 3)
        try input(driver).pipe(key: "y", value: "bee", timestampMs: 2)
        let counts = driver.outputTopic("out", key: .string, value: .int64)
        #expect(try counts.readTable() == ["all": 2])
        #expect(
            driver.unreadTopics == [
                "counting-all-changelog", "counting-all-repartition", "counting-joined-changelog",
                "counting-joined-repartition",
            ])
        #expect(try output(driver, "counting-joined-repartition").readRecords().map(\.key) == ["a", "b"])
    }

    @Test("a topic that the topology writes and reads itself is read at once")
    func loop() throws {
        let driver = try driver { builder in
            builder.stream("in", key: .string, value: .string).filter { _, value in value.count < 4 }
                .mapValues { value in value + "+" }.to("in")
        }
        try input(driver).pipe(key: "a", value: "x")
        #expect(try output(driver, "in").readRecords().map(\.value) == ["x+", "x++", "x+++"])
    }

    @Test("readTable keeps the last value of each key, also deletions")
    func readTable() throws {
        let driver = try driver()
        for (key, value) in [("a", "1"), ("b", "2"), ("a", nil), ("c", "3"), ("c", "4")] as [(String, String?)] {
            try input(driver).pipe(key: key, value: value)
        }
        #expect(try output(driver).readTable() == ["a": nil, "b": "2", "c": "4"])
    }

    @Test("bytes that the output's serde cannot read are an error")
    func wrongType() throws {
        let driver = try driver()
        try input(driver).pipe(key: "a", value: "xyz")
        #expect(throws: SerdeError.self) { try driver.outputTopic("out", key: .string, value: .int64).readRecord() }
    }

    @Test("a store can be read and filled before the first record")
    func store() throws {
        let driver = try driver { builder in
            builder.stream("in", key: .string, value: .string).groupByKey().count(into: .store("counts")).toStream()
                .to("out", value: .int64)
        }
        let store = try #require(driver.keyValueStore("counts", key: .string, value: .int64))
        try store.put("a", 41, timestampMs: 1)
        try input(driver).pipe(key: "a", value: "x", timestampMs: 2)
        #expect(try store.get("a") == ValueAndTimestamp(value: 42, timestampMs: 2))
        #expect(try store.get("b") == nil)
    }

    @Test("two drivers of one topology share nothing")
    func independence() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).groupByKey().count(into: .store("counts"))
        let topology = try builder.build()
        let (first, second) = (try TopologyTestDriver(topology), try TopologyTestDriver(topology))
        try input(first).pipe(key: "a", value: "x")
        let store = try #require(second.keyValueStore("counts", key: .string, value: .int64))
        #expect(try store.get("a") == nil)
    }
}
