import Millrace
import MillraceTesting
import TestSupport
import Testing

/// Windows of extreme sizes over records of extreme times, against a model whose sums cannot overflow.
@Suite("Windows at the ends of time")
struct ExtremeWindowTests {
    enum Kind: CaseIterable {
        case tumbling, hopping, sliding, session, unlimited
    }

    private static let longest = Duration.milliseconds(Int64.max)

    @Test("each record is in the windows that it belongs to, or is counted as late", arguments: Kind.allCases)
    func contents(kind: Kind) throws {
        for seed in ExtremeTimes.seeds(150) {
            var random = SeededNumbers(seed: seed)
            let (windows, define) = Self.windows(kind, &random)
            let builder = StreamsBuilder()
            let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
            define(grouped).to("out")
            let storage: StateStorage = seed.isMultiple(of: 2) ? .memory : .simulatedDisk
            let driver = try TopologyTestDriver(builder.build(), storage: storage)
            let input = driver.inputTopic("in", key: .string, value: .string)
            let timestamps = (0..<20).map { _ in ExtremeTimes.timestampMs(&random) }
            for (number, timestampMs) in timestamps.enumerated() {
                try input.pipe(key: "k", value: "\(number)", timestampMs: timestampMs)
                if number == 10, seed.isMultiple(of: 3) { try driver.restart(.crash) }
            }
            var found: [String: [Int]] = [:]
            for record in try driver.outputTopic("out", key: .string, value: .string).readRecords() {
                #expect(record.timestampMs >= 0)
                let key = try #require(record.key)
                found[key] = record.value.map { $0.split(separator: "+").compactMap { Int($0) }.sorted() }
            }
            let model = windows.contents(of: timestamps)
            let expected = Dictionary(
                uniqueKeysWithValues: model.windows.map { ("k@\($0.key.startMs)/\($0.key.endMs)", $0.value.sorted()) })
            #expect(found == expected, "seed \(seed), \(windows), \(timestamps)")
            let late = driver.droppedRecords
            #expect(late.isEmpty != model.refuses, "seed \(seed), \(windows), \(timestamps), \(late)")
        }
    }

    private static func windows(
        _ kind: Kind, _ random: inout SeededNumbers
    ) -> (ExactWindows, (KGroupedStream<String, String>) -> KStream<String, String>) {
        let spanMs = max(1, ExtremeTimes.timestampMs(&random))
        let graceMs = ExtremeTimes.timestampMs(&random)
        let (span, grace) = (Duration.milliseconds(spanMs), Duration.milliseconds(graceMs))
        let add: @Sendable (String, String) -> String = { $0 + "+" + $1 }
        switch kind {
        case .tumbling:
            let windows = TimeWindows.tumbling(span, grace: grace)
            return (
                .time(sizeMs: spanMs, advanceMs: spanMs, graceMs: graceMs),
                { $0.windowedBy(windows).reduce(add).lines() }
            )
        case .hopping:
            let advanceMs = max(1, spanMs / Int64.random(in: 1...5, using: &random))
            let windows = TimeWindows.hopping(span, advance: .milliseconds(advanceMs), grace: grace)
            return (
                .time(sizeMs: spanMs, advanceMs: advanceMs, graceMs: graceMs),
                { $0.windowedBy(windows).reduce(add).lines() }
            )
        case .sliding:
            let windows = SlidingWindows.sliding(span, grace: longest)
            return (.sliding(differenceMs: spanMs), { $0.windowedBy(windows).reduce(add).lines() })
        case .session:
            let windows = SessionWindows.session(gap: span, grace: grace)
            return (
                .session(gapMs: spanMs, graceMs: graceMs), { $0.windowedBy(windows).reduce(add).lines() }
            )
        case .unlimited:
            return (
                .unlimited(fromMs: graceMs), { $0.windowedBy(.unlimited(fromMs: graceMs)).reduce(add).lines() }
            )
        }
    }
}
