import Millrace
import MillraceTesting
import Testing

@Suite("Punctuation")
struct PunctuationTests {
    private let log = Log()

    private func driver(
        every interval: Duration, on clock: PunctuationType,
        errorHandlers: ErrorHandlers = ErrorHandlers(),
        _ act: @escaping @Sendable (Int64, ProcessorContext<String, String>, Punctuation?) throws -> Void = { _, _, _ in
        }
    ) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string)
            .process { [log] (context: ProcessorContext<String, String>) in
                var handle: Punctuation?
                handle = try context.schedule(every: interval, on: clock) { timestampMs in
                    log.lines.append("\(timestampMs)")
                    try act(timestampMs, context, handle)
                }
                return { record in try context.forward(record) }
            }
            .to("out")
        return try TopologyTestDriver(builder.build(), errorHandlers: errorHandlers)
    }

    private func pipe(_ times: [Int64], into driver: TopologyTestDriver) throws {
        let input = driver.inputTopic("in", key: .string, value: .string)
        for time in times { try input.pipe(key: "a", value: "x", timestampMs: time) }
    }

    @Test(
        "stream time calls with the first record and once for every multiple that is reached or passed",
        arguments: [
            ([0, 5, 12, 50, 51, 60], ["0", "12", "50", "60"]),
            ([1_003], ["1003"]),
            ([1_003, 1_009, 1_010, 1_019, 1_020], ["1003", "1010", "1020"]),
            ([5, 4, 3], ["5"]),
            ([10, 9, 10, 19, 35, 40], ["10", "35", "40"]),
        ] as [([Int64], [String])])
    func streamTime(times: [Int64], calls: [String]) throws {
        try pipe(times, into: driver(every: .milliseconds(10), on: .streamTime))
        #expect(log.lines == calls)
    }

    @Test("the wall clock calls after the interval, and once for all that was missed")
    func wallClock() throws {
        let driver = try driver(every: .milliseconds(10), on: .wallClockTime)
        for step in [9, 1, 5, 4, 1, 95, 4, 1] { try driver.advanceWallClock(by: .milliseconds(step)) }
        #expect(log.lines == ["10", "20", "115", "120"])
    }

    @Test(
        "stream time calls once for a jump, however far, and goes on to the end of time",
        arguments: [
            (.milliseconds(1), [0, .max - 2, .max], ["0", "\(Int64.max - 2)", "\(Int64.max)"]),
            (.milliseconds(10), [3, .max, 5, .max], ["3", "\(Int64.max)"]),
            (.milliseconds(Int64.max - 1), [0, .max - 2, .max - 1, .max], ["0", "\(Int64.max - 1)"]),
            (.milliseconds(Int64.max), [7, .max], ["7"]),
            (.seconds(Int64.max), [7, .max], ["7"]),
        ] as [(Duration, [Int64], [String])])
    func extremeStreamTime(interval: Duration, times: [Int64], calls: [String]) throws {
        try pipe(times, into: driver(every: interval, on: .streamTime))
        #expect(log.lines == calls)
    }

    @Test(
        "the wall clock calls once for a jump, however far",
        arguments: [.milliseconds(1), .milliseconds(7), .seconds(86_400)] as [Duration])
    func extremeWallClock(interval: Duration) throws {
        let driver = try driver(every: interval, on: .wallClockTime)
        try driver.advanceWallClock(by: .milliseconds(Int64.max - 1))
        #expect(log.lines == ["\(Int64.max - 1)"])
        try driver.advanceWallClock(by: .seconds(Int64.max))
        #expect(driver.wallClockMs == .max)
    }

    @Test("an interval without end on the wall clock is never over", arguments: [Duration.seconds(Int64.max)])
    func endlessInterval(interval: Duration) throws {
        let driver = try driver(every: interval, on: .wallClockTime)
        for _ in 0..<3 { try driver.advanceWallClock(by: .seconds(Int64.max)) }
        #expect(log.lines.isEmpty)
    }

    @Test("the wall clock that is set back delays no call; the call gets the time that it shows")
    func setBack() throws {
        let driver = try driver(every: .milliseconds(10), on: .wallClockTime)
        try driver.advanceWallClock(by: .milliseconds(10))
        try driver.advanceWallClock(by: .seconds(-3_600))
        for _ in 0..<3 { try driver.advanceWallClock(by: .milliseconds(10)) }
        #expect(log.lines == ["10", "-3599980", "-3599970", "-3599960"])
    }

    @Test("records do not move the wall clock, nor does the wall clock move stream time")
    func independence() throws {
        let onWall = try driver(every: .milliseconds(10), on: .wallClockTime)
        try pipe([1_000_000], into: onWall)
        #expect(log.lines.isEmpty)
        let onStream = try driver(every: .milliseconds(10), on: .streamTime)
        try onStream.advanceWallClock(by: .seconds(100))
        #expect(log.lines.isEmpty)
    }

    @Test("a cancelled punctuation is not called again, cancelled from within or without")
    func cancellation() throws {
        let driver = try driver(every: .milliseconds(10), on: .streamTime) { timestampMs, _, handle in
            if timestampMs >= 20 { handle?.cancel() }
        }
        try pipe([0, 10, 20, 30, 40], into: driver)
        #expect(log.lines == ["0", "10", "20"])
    }

    @Test("inside a punctuation there is no record, and what it forwards has the time that it says")
    func noRecord() throws {
        let driver = try driver(every: .milliseconds(10), on: .streamTime) { timestampMs, context, _ in
            #expect(context.recordMetadata == nil)
            try context.forward(Record(key: "tick", value: nil, timestampMs: timestampMs + 1))
        }
        try pipe([25], into: driver)
        let records = try driver.outputTopic("out", key: .string, value: .string).readRecords()
        #expect(records.map(\.key) == ["a", "tick"])
        #expect(records.map(\.timestampMs) == [25, 26])
    }

    @Test("an error inside a punctuation goes to the processing handler, and the next one comes all the same")
    func errors() throws {
        let strict = try driver(every: .milliseconds(10), on: .streamTime) { _, _, _ in throw Refusal() }
        #expect(throws: StreamsError.self) { try pipe([0], into: strict) }
        log.lines = []
        let handlers = ErrorHandlers(processing: .continue)
        let lenient = try driver(every: .milliseconds(10), on: .streamTime, errorHandlers: handlers) { _, _, _ in
            throw Refusal()
        }
        try pipe([0, 10], into: lenient)
        #expect(log.lines == ["0", "10"])
        #expect(lenient.droppedRecords == [.processing: 2])
    }

    @Test("an interval below a millisecond is refused", arguments: [Duration.zero, .microseconds(999), .seconds(-1)])
    func tooShort(interval: Duration) throws {
        let error = #expect(throws: StreamsError.self) { _ = try driver(every: interval, on: .streamTime) }
        #expect(error?.code == .configuration)
    }

    @Test("a punctuation may schedule another one")
    func nested() throws {
        let driver = try driver(every: .milliseconds(100), on: .streamTime) { [log] timestampMs, context, _ in
            guard timestampMs == 100 else { return }
            try context.schedule(every: .milliseconds(50), on: .streamTime) { log.lines.append("inner \($0)") }
        }
        try pipe([0, 100, 150], into: driver)
        #expect(log.lines == ["0", "100", "inner 100", "inner 150"])
    }
}
