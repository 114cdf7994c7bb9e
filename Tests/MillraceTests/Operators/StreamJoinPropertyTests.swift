import Millrace
import MillraceTesting
import TestSupport
import Testing

/// Random records over random windows, some late, with leaps of time and with restarts: the results of joins of streams are those
/// of a model that is a few lines long.
@Suite("Joins of streams, against a model")
struct StreamJoinPropertyTests {
    private static let topics = ["inner", "left", "outer", "left-of-right"]

    private static func topology(_ windows: JoinWindows, swapped: JoinWindows) throws -> Topology {
        let builder = StreamsBuilder()
        let left = builder.stream("l", key: .string, value: .string)
        let right = builder.stream("r", key: .string, value: .string)
        let both: @Sendable (String?, String?) -> String? = { "\($0 ?? "-")|\($1 ?? "-")" }
        left.join(right, within: windows) { both($0, $1) }.to("inner")
        left.leftJoin(right, within: windows) { both($0, $1) }.to("left")
        left.outerJoin(right, within: windows) { both($0, $1) }.to("outer")
        right.leftJoin(left, within: swapped) { both($1, $0) }.to("left-of-right")
        return try builder.build()
    }

    @Test("are the model's, over restarts and leaps of time", arguments: [false, true])
    func model(isSymmetric: Bool) throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededNumbers(seed: seed)
            func time(_ range: ClosedRange<Int64>) -> Duration {
                .milliseconds(Int64.random(in: range, using: &random))
            }
            let (before, grace) = (time(0...15), time(0...25))
            let after = isSymmetric ? before : time(0...15)
            let windows = JoinWindows.difference(before, grace: grace).after(after)
            let swapped = JoinWindows.difference(after, grace: grace).after(before)
            var model = StreamJoinModel(windows)
            let driver = try TopologyTestDriver(Self.topology(windows, swapped: swapped), storage: .simulatedDisk)
            var nowMs = Int64.random(in: 0...40, using: &random)
            func pipe(_ value: String, key: String?, isLeft: Bool, timestampMs: Int64) throws {
                try driver.inputTopic(isLeft ? "l" : "r", key: .string, value: .string)
                    .pipe(key: key, value: value, timestampMs: timestampMs)
                model.add(value, key: key, isLeft: isLeft, timestampMs: timestampMs)
            }
            for number in 0..<80 {
                switch Int.random(in: 0..<20, using: &random) {
                case 0: try driver.restart(InstanceEnding.allCases.randomElement(using: &random) ?? .crash)
                case 1: try driver.checkpoint()
                case 2: nowMs += Int64.random(in: 0...200_000, using: &random)
                default: nowMs += Int64.random(in: 0...8, using: &random)
                }
                let lateMs = Int64.random(in: 0...(Bool.random(using: &random) ? 3 : 45), using: &random)
                try pipe(
                    "\(number)", key: ["a", "b", "c", nil].randomElement(using: &random) ?? nil,
                    isLeft: Bool.random(using: &random), timestampMs: max(0, nowMs - lateMs))
            }
            // What waits is looked at by records at stream time; the second finds what the first left.
            for number in 1...3 {
                try pipe(
                    "end-\(number)", key: nil, isLeft: number.isMultiple(of: 2),
                    timestampMs: nowMs + Int64(number) * 1_000_000)
                try pipe(
                    "end", key: "end-\(number)", isLeft: number.isMultiple(of: 2),
                    timestampMs: nowMs + Int64(number) * 1_000_000)
            }
            for topic in Self.topics {
                let (keepsLeft, keepsRight) = (topic == "left" || topic == "outer", topic.hasPrefix("outer"))
                let expected = model.results(
                    keepsLeft: keepsLeft, keepsRight: keepsRight || topic == "left-of-right"
                )
                .filter { !$0.contains("end") }
                let found = try driver.outputTopic(topic, key: .string, value: .string).readRecords()
                    .map { "\($0.value ?? "-")@\($0.timestampMs)" }.filter { !$0.contains("end") }.sorted()
                #expect(found == expected, "\(topic), seed \(seed), \(windows)")
            }
        }
    }
}
