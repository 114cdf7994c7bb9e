import Millrace
import MillraceTesting
import Testing

@Suite("Restarting a driver")
struct DriverRestartTests {
    private func counting(_ store: Materialized<String, Int64> = .store("counts")) throws -> Topology {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).groupByKey().count(into: store).toStream().to("out")
        return try builder.build()
    }

    @Test(
        "counts continue, however the instance ended and wherever its stores are",
        arguments: InstanceEnding.allCases, [false, true])
    func counts(ending: InstanceEnding, isOnDisk: Bool) throws {
        let driver = try TopologyTestDriver(counting(), storage: isOnDisk ? .simulatedDisk : .memory)
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(keyValues: [("a", "x"), ("b", "x")])
        try driver.checkpoint()
        try input.pipe(key: "a", value: "x")
        try driver.restart(ending)
        try input.pipe(keyValues: [("a", "x"), ("b", "x"), ("c", "x")])
        #expect(try driver.outputTopic("out", key: .string, value: .int64).readValues() == [1, 1, 2, 3, 2, 1])
    }

    @Test("without a changelog, entries that are not on disk are lost")
    func withoutChangelog() throws {
        for (ending, count) in [(InstanceEnding.clean, 3), (.crash, 2), (.losingState, 1)] as [(InstanceEnding, Int64)]
        {
            let driver = try TopologyTestDriver(
                counting(.store("counts").withoutChangelog()), storage: .simulatedDisk)
            let input = driver.inputTopic("in", key: .string, value: .string)
            try input.pipe(key: "a", value: "x")
            try driver.checkpoint()
            try input.pipe(key: "a", value: "x")
            try driver.restart(ending)
            try input.pipe(key: "a", value: "x")
            #expect(try driver.outputTopic("out", key: .string, value: .int64).readValues().last == count)
        }
    }

    @Test("a table whose source topic is its changelog is restored from that")
    func sourceAsChangelog() throws {
        let builder = StreamsBuilder()
        let table = builder.table("table", key: .string, value: .string)
        builder.stream("in", key: .string, value: .string).join(table) { $0 + $1 }.to("out")
        let topology = try builder.build(optimization: .reuseTableSourceTopics)
        for ending in InstanceEnding.allCases {
            let driver = try TopologyTestDriver(topology, storage: .simulatedDisk)
            let input = driver.inputTopic("table", key: .string, value: .string)
            try input.pipe(keyValues: [("a", "1"), ("b", "2"), ("a", "3")])
            try driver.restart(ending)
            try input.pipe(key: "b", value: nil)
            try driver.inputTopic("in", key: .string, value: .string).pipe(keyValues: [("a", "x"), ("b", "x")])
            #expect(try driver.outputTopic("out", key: .string, value: .string).readValues() == ["x3"])
        }
    }

    @Test("stream time continues where it was, and punctuations start anew")
    func time() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).process { (context: ProcessorContext<String, Int64>) in
            try context.schedule(every: .seconds(1), on: .wallClockTime) { timestampMs in
                try context.forward(Record(key: "tick", value: context.streamTimeMs, timestampMs: timestampMs))
            }
            return { _ in }
        }
        .to("out")
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("in", key: .string, value: .string).pipe(key: "a", value: "x", timestampMs: 500)
        try driver.advanceWallClock(by: .milliseconds(900))
        try driver.restart(.crash)
        try driver.advanceWallClock(by: .milliseconds(900))
        let output = driver.outputTopic("out", key: .string, value: .int64)
        #expect(output.isEmpty)
        try driver.advanceWallClock(by: .milliseconds(100))
        #expect(try output.readValues() == [500])
    }

    @Test("a long changelog is compacted, and restores the same state")
    func compaction() throws {
        let driver = try TopologyTestDriver(counting())
        let input = driver.inputTopic("in", key: .string, value: .string)
        for number in 0..<25_000 { try input.pipe(key: "k\(number % 7)", value: "x") }
        try driver.restart(.losingState)
        let store = try #require(driver.keyValueStore("counts", key: .string, value: .int64))
        #expect(try store.entries().map(\.value.value).reduce(0, +) == 25_000)
    }
}
