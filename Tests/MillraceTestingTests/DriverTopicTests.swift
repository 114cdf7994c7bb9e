import Millrace
import MillraceTesting
import Testing

@Suite("Test topics")
struct DriverTopicTests {
    private func copy() throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).to("out")
        return try TopologyTestDriver(builder.build())
    }

    @Test("records are piped one by one and as lists, with times that advance by themselves")
    func piping() throws {
        let driver = try copy()
        let input = driver.inputTopic(
            "in", key: .string, value: .string, startingAtMs: 100, advancingBy: .milliseconds(5))
        try input.pipe("a")
        try input.pipe(values: ["b", "c"])
        input.advanceTime(by: .seconds(1))
        try input.pipe(keyValues: [("k", "d"), (nil, nil)])
        try input.pipe(Record(key: "k", value: "e", timestampMs: 3, headers: [Header(name: "h", value: nil)]))
        try input.pipe(records: [Record(key: nil, value: "f", timestampMs: 4)])
        try input.pipe(key: "k", value: "g")
        let output = driver.outputTopic("out", key: .string, value: .string)
        #expect(output.count == 8)
        let records = try output.readRecords()
        #expect(records.map(\.value) == ["a", "b", "c", "d", nil, "e", "f", "g"])
        #expect(records.map(\.timestampMs) == [100, 105, 110, 1_115, 1_120, 3, 4, 1_125])
        #expect(records.map(\.key) == [nil, nil, nil, "k", nil, "k", nil, "k"])
        #expect(records[5].headers == [Header(name: "h", value: nil)])
        #expect(output.isEmpty)
    }

    @Test("results are read as records, values, keys with values, and tables")
    func reading() throws {
        let driver = try copy()
        let input = driver.inputTopic("in", key: .string, value: .string)
        let output = driver.outputTopic("out", key: .string, value: .string)
        #expect(try output.readRecord() == nil)
        #expect(driver.producedTopics.isEmpty)
        try input.pipe(keyValues: [("a", "1"), ("b", "2"), ("a", "3"), ("b", nil), ("c", "4"), ("d", "5")])
        #expect(driver.producedTopics == ["out"])
        #expect(driver.unreadTopics == ["out"])
        #expect(try output.readValue() == "1")
        let second = try output.readKeyValue()
        #expect(second?.key == "b" && second?.value == "2")
        #expect(try output.readTable() == ["a": "3", "b": nil, "c": "4", "d": "5"])
        try input.pipe(keyValues: [("a", "6"), ("b", nil)])
        #expect(try output.readValues() == ["6", nil])
        try input.pipe(key: "z", value: "7")
        #expect(try output.readKeyValues().map(\.key) == ["z"])
    }

    @Test("the clock starts where it is told to")
    func clock() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).process { (context: ProcessorContext<String, Int64>) in
            { record in try context.forward(record.with(value: context.wallClockMs)) }
        }
        .to("out")
        let driver = try TopologyTestDriver(builder.build(), wallClockMs: 1_000)
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe("x")
        try driver.advanceWallClock(by: .seconds(1))
        try input.pipe("x")
        #expect(driver.wallClockMs == 2_000)
        #expect(try driver.outputTopic("out", key: .string, value: .int64).readValues() == [1_000, 2_000])
    }

    @Test("a topic's automatic timestamps stop at the end of time")
    func endOfTime() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).to("out")
        let driver = try TopologyTestDriver(builder.build())
        let input = driver.inputTopic(
            "in", key: .string, value: .string, startingAtMs: .max - 1, advancingBy: .seconds(Int64.max))
        try input.pipe(values: ["a", "b", "c"])
        input.advanceTime(by: .seconds(Int64.min))
        #expect(input.nextTimestampMs == -1)
        let output = driver.outputTopic("out", key: .string, value: .string)
        #expect(try output.readRecords().map(\.timestampMs) == [.max - 1, .max, .max])
    }
}
