import Millrace
import MillraceTesting
import Testing

@Suite("Negative timestamps that a processor gives a record")
struct NegativeTimestampTests {
    /// Where a processor makes a record with a timestamp of its own.
    enum Origin: String, CaseIterable, Sendable {
        case forward, forwardToChild, child, fixedKey, fixedKeyToChild, streamTimePunctuation, wallClockPunctuation
    }

    /// A processor named `maker` that forwards each value at the time that the value says, into a window of 10 ms.
    private func driver(_ origin: Origin, _ errorHandlers: ErrorHandlers) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        let numbers = builder.stream("in", key: .string, value: .int64)
        let timed: KStream<String, Int64>
        switch origin {
        case .forward, .forwardToChild, .child, .streamTimePunctuation, .wallClockPunctuation:
            timed = numbers.process(named: "maker") { (context: ProcessorContext<String, Int64>) in
                let child: ProcessorChild<String, Int64> = try context.child(named: "next")
                var waiting: [Record<String, Int64>] = []
                let clock: PunctuationType? =
                    switch origin {
                    case .streamTimePunctuation: .streamTime
                    case .wallClockPunctuation: .wallClockTime
                    default: nil
                    }
                if let clock {
                    try context.schedule(every: .milliseconds(1), on: clock) { _ in
                        let records = waiting
                        waiting = []
                        for record in records { try context.forward(record) }
                    }
                }
                return { record in
                    let record = Record(key: record.key, value: record.value, timestampMs: record.value ?? 0)
                    switch origin {
                    case .forward: try context.forward(record)
                    case .forwardToChild: try context.forward(record, to: "next")
                    case .child: try child.forward(record)
                    default: waiting.append(record)
                    }
                }
            }
        case .fixedKey, .fixedKeyToChild:
            timed = numbers.processValues(named: "maker") { (context: FixedKeyProcessorContext<String, Int64>) in
                { record in
                    let record = record.with(timestampMs: record.value ?? 0)
                    if origin == .fixedKey { return try context.forward(record) }
                    try context.forward(record, to: "next")
                }
            }
        }
        timed.peek(named: "next") { _ in }
            .groupByKey(key: .string, value: .int64)
            .windowedBy(.tumbling(.milliseconds(10), grace: .seconds(1))).count()
            .toStream().to("out", key: .timeWindowed(.string, size: .milliseconds(10)), value: .int64)
        return try TopologyTestDriver(builder.build(), errorHandlers: errorHandlers)
    }

    private func pipe(_ values: [Int64], into driver: TopologyTestDriver) throws -> [Int64: Int64] {
        let input = driver.inputTopic("in", key: .string, value: .int64)
        for (time, value) in values.enumerated() {
            try input.pipe(key: "a", value: value, timestampMs: 1_000 * Int64(time))
            try driver.advanceWallClock(by: .milliseconds(1))
        }
        var counts: [Int64: Int64] = [:]
        for record in try driver.outputTopic(
            "out", key: .timeWindowed(.string, size: .milliseconds(10)), value: .int64
        ).readRecords() {
            if let window = record.key?.window { counts[window.startMs] = record.value }
        }
        return counts
    }

    @Test("go to the processing handler with the processor's name; the others are counted", arguments: Origin.allCases)
    func handled(origin: Origin) throws {
        let driver = try driver(origin, ErrorHandlers(processing: .continue))
        #expect(try pipe([3, -5, 12, .min, 4], into: driver) == [0: 2, 10: 1])
        #expect(driver.droppedRecords == [.processing: 2])
    }

    @Test("fail where errors do, and say what is wrong and where", arguments: Origin.allCases)
    func failing(origin: Origin) throws {
        let driver = try driver(origin, ErrorHandlers())
        let error = #expect(throws: StreamsError.self) { try pipe([3, -5], into: driver) }
        #expect(error?.code == .invalidTimestamp)
        #expect(error?.node == "maker")
        #expect(error?.description.contains("-5") == true)
    }

    @Test("are refused by stores that a processor writes to")
    func stores() throws {
        let values = Stores.timestampedKeyValue("values", key: Serde<String>.string, value: Serde<Int64>.int64)
        let versions = Stores.versionedKeyValue(
            "versions", key: Serde<String>.string, value: Serde<Int64>.int64, historyRetention: .seconds(1))
        let windows = Stores.window(
            "windows", key: Serde<String>.string, value: Serde<Int64>.int64, retention: .seconds(1))
        let sessions = Stores.session(
            "sessions", key: Serde<String>.string, value: Serde<Int64>.int64, retention: .seconds(1))
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .int64)
            .process(named: "maker", stores: [values, versions, windows, sessions]) {
                (context: ProcessorContext<String, Int64>) in
                let (values, versions) = (try context.store(values), try context.store(versions))
                let (windows, sessions) = (try context.store(windows), try context.store(sessions))
                return { record in
                    guard let time = record.value else { return }
                    let session = Window(startMs: time, endMs: 5)
                    switch record.key {
                    case "value": try values.put("a", 1, timestampMs: time)
                    case "version": try versions.put("a", 1, timestampMs: time)
                    case "window": try windows.put("a", 1, startMs: time, timestampMs: 0)
                    case "window's record": try windows.put("a", 1, startMs: 0, timestampMs: time)
                    case "session": try sessions.put("a", 1, session: session, timestampMs: 5)
                    default: try sessions.put("a", 1, session: Window(startMs: 0, endMs: 5), timestampMs: time)
                    }
                    try context.forward(record)
                }
            }
            .to("out", key: .string, value: .int64)
        let driver = try TopologyTestDriver(builder.build(), errorHandlers: ErrorHandlers(processing: .continue))
        let input = driver.inputTopic("in", key: .string, value: .int64)
        let keys = ["value", "version", "window", "window's record", "session", "session's record"]
        for key in keys {
            for time: Int64 in [-1, .min, 3] { try input.pipe(key: key, value: time, timestampMs: 0) }
        }
        #expect(driver.droppedRecords == [.processing: 2 * keys.count])
        #expect(try driver.outputTopic("out", key: .string, value: .int64).readRecords().map(\.key) == keys)
    }
}
