import Millrace
import MillraceTesting
import TestSupport
import Testing

/// Punctuations and suppressed tables with extreme spans over extreme times, against models whose sums cannot overflow.
@Suite("Schedules at the ends of time")
struct ExtremeScheduleTests {
    private final class Calls: @unchecked Sendable {
        // The driver calls on the test's own thread.
        var timesMs: [Int64] = []
    }

    private func driver(
        every interval: Duration, on clock: PunctuationType, wallClockMs: Int64 = 0, _ calls: Calls
    ) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string)
            .process { (context: ProcessorContext<String, String>) in
                _ = try context.schedule(every: interval, on: clock) { calls.timesMs.append($0) }
                return { record in try context.forward(record) }
            }
            .to("out")
        return try TopologyTestDriver(builder.build(), wallClockMs: wallClockMs)
    }

    @Test("a punctuation on stream time is called once for a jump over its next time, however far")
    func streamTime() throws {
        for seed in ExtremeTimes.seeds(200) {
            var times = ExtremeTimes(seed: seed)
            let intervalMs = max(1, times.recordTimeMs())
            let calls = Calls()
            let driver = try driver(every: .milliseconds(intervalMs), on: .streamTime, calls)
            let input = driver.inputTopic("in", key: .string, value: .string)
            var (expected, streamTime, next): ([Int64], Int128, Int128) = ([], -1, 0)
            let timestamps = (0..<15).map { _ in times.recordTimeMs() }
            for timestampMs in timestamps {
                try input.pipe(key: "k", value: "v", timestampMs: timestampMs)
                streamTime = max(streamTime, Int128(timestampMs))
                guard streamTime >= next, next < Int128(Int64.max) else { continue }
                expected.append(Int64(streamTime))
                next = (streamTime / Int128(intervalMs) + 1) * Int128(intervalMs)
            }
            #expect(calls.timesMs == expected, "seed \(seed), every \(intervalMs) ms, \(timestamps)")
        }
    }

    @Test("a punctuation on the wall clock is called at most once for each leap of it")
    func wallClock() throws {
        for seed in ExtremeTimes.seeds(200) {
            var times = ExtremeTimes(seed: seed)
            let interval = max(.milliseconds(1), times.span())
            let calls = Calls()
            let startMs = times.timeMs()
            let driver = try driver(every: interval, on: .wallClockTime, wallClockMs: startMs, calls)
            for step in 1...10 {
                let leap = times.span() * (step.isMultiple(of: 4) ? -1 : 1)
                let before = calls.timesMs.count
                try driver.advanceWallClock(by: leap)
                #expect(calls.timesMs.count <= before + 1, "seed \(seed), every \(interval)")
                if leap <= .zero { #expect(calls.timesMs.count == before, "seed \(seed), every \(interval)") }
            }
        }
    }

    @Test("a table that is held back for a time hands on what stream time has left so far behind")
    func timeLimit() throws {
        for seed in ExtremeTimes.seeds(200) {
            var times = ExtremeTimes(seed: seed)
            let limitMs = times.recordTimeMs()
            let builder = StreamsBuilder()
            builder.table("in", key: .string, value: .string)
                .suppress(.untilTimeLimit(.milliseconds(limitMs))).toStream().to("out")
            let driver = try TopologyTestDriver(builder.build())
            let input = driver.inputTopic("in", key: .string, value: .string)
            let timestamps = (0..<15).map { _ in times.recordTimeMs() }
            for (number, timestampMs) in timestamps.enumerated() {
                try input.pipe(key: "\(number)", value: "v", timestampMs: timestampMs)
            }
            let last = Int128(timestamps.max() ?? 0)
            // A change is let go at the latest with the record that brings stream time so far.
            let expected = timestamps.enumerated().filter { Int128($0.element) + Int128(limitMs) <= last }
                .map { "\($0.offset)" }
            let found = try driver.outputTopic("out", key: .string, value: .string).readRecords().map { $0.key ?? "-" }
            #expect(found.sorted() == expected.sorted(), "seed \(seed), \(limitMs) ms, \(timestamps)")
        }
    }
}
