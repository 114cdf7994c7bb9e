import Millrace
import MillraceTesting
import TestSupport
import Testing

/// Random records over random windows, some late, with leaps of time and with restarts: the final results are those of a model
/// that is a few lines long, each once, however they are had.
@Suite("Final results, against a model")
struct FinalResultPropertyTests {
    enum Kind: CaseIterable {
        case tumbling, hopping, sliding, session
    }

    @Test("are the model's, over restarts and leaps of time", arguments: Kind.allCases)
    func model(_ kind: Kind) throws {
        for seed in 0..<60 as Range<UInt64> {
            var random = SeededNumbers(seed: seed)
            let windows = Self.windows(kind, &random)
            // What comes on one topic, and what comes on both.
            var (single, both) = (FinalResultModel(), FinalResultModel())
            let driver = try TopologyTestDriver(Self.topology(windows), storage: .simulatedDisk)
            var nowMs = Int64.random(in: 0...40, using: &random)
            for number in 0..<100 {
                switch Int.random(in: 0..<20, using: &random) {
                case 0: try driver.restart(InstanceEnding.allCases.randomElement(using: &random) ?? .crash)
                case 1: try driver.checkpoint()
                case 2: nowMs += Int64.random(in: 0...400_000, using: &random)
                default: nowMs += Int64.random(in: 0...8, using: &random)
                }
                let timestampMs = max(0, nowMs - Self.lateness(&random))
                let topic = Int.random(in: 0..<4, using: &random) == 0 ? "other" : "in"
                let key = ["a", "b", nil, "c"].randomElement(using: &random) ?? nil
                let value = Int.random(in: 0..<10, using: &random) == 0 ? nil : "\(number)"
                try driver.inputTopic(topic, key: .string, value: .string)
                    .pipe(key: key, value: value, timestampMs: timestampMs)
                guard let key, value != nil else { continue }
                both.add(number, key: key, timestampMs: timestampMs)
                if topic == "in" { single.add(number, key: key, timestampMs: timestampMs) }
            }
            let endMs = nowMs + 1_000_000
            try driver.inputTopic("in", key: .string, value: .string).pipe(key: "end", value: "-1", timestampMs: endMs)
            for way in ["suppressed", "behind-cache", "on-close", "cogrouped"] {
                var model = way == "cogrouped" ? both : single
                model.add(-1, key: "end", timestampMs: endMs)
                let expected = model.results(windows)
                #expect(expected.count > 10)
                let found = try driver.outputTopic(way, key: .string, value: .string).readRecords()
                    .map { "\($0.key ?? "-")=\(Self.sorted($0.value))" }.sorted()
                #expect(found == expected, "\(way), seed \(seed), \(windows)")
            }
        }
    }

    private static func sorted(_ value: String?) -> String {
        guard let value else { return "-" }
        return value.split(separator: "+").compactMap { Int($0) }.sorted().map { "\($0)" }.joined(separator: "+")
    }

    private static func windows(_ kind: Kind, _ random: inout SeededNumbers) -> FinalResultModel.Windows {
        func time(_ range: ClosedRange<Int64>) -> Duration { .milliseconds(Int64.random(in: range, using: &random)) }
        let grace = time(0...20)
        switch kind {
        case .tumbling: return .time(.tumbling(time(1...20), grace: grace))
        case .hopping:
            let advanceMs = Int64.random(in: 1...10, using: &random)
            let size = Duration.milliseconds(advanceMs + Int64.random(in: 0...20, using: &random))
            return .time(.hopping(size, advance: .milliseconds(advanceMs), grace: grace))
        case .sliding: return .sliding(.sliding(time(0...20), grace: grace))
        case .session: return .session(.session(gap: time(1...20), grace: grace))
        }
    }

    private static func lateness(_ random: inout SeededNumbers) -> Int64 {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: Int64.random(in: 0...100, using: &random)
        case 1, 2: Int64.random(in: 0...25, using: &random)
        default: Int64.random(in: 0...3, using: &random)
        }
    }

    private static func topology(_ windows: FinalResultModel.Windows) throws -> Topology {
        let builder = StreamsBuilder()
        let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
        let add: @Sendable (String, String) -> String = { $0 + "+" + $1 }
        let addValue: @Sendable (String, String, String) -> String = { add($2, $1) }
        let cogrouped = grouped.cogroup(addValue)
            .cogroup(builder.stream("other", key: .string, value: .string).groupByKey(), addValue)
        func store(_ name: String) -> Materialized<String, String> { .store(name, value: .string) }
        let suppressed: KTable<Windowed<String>, String>
        let behindCache: KTable<Windowed<String>, String>
        let onClose: KTable<Windowed<String>, String>
        let both: KTable<Windowed<String>, String>
        switch windows {
        case .time(let windows):
            suppressed = grouped.windowedBy(windows).reduce(into: store("suppressed").withoutCache(), add)
            behindCache = grouped.windowedBy(windows).reduce(into: store("behind-cache"), add)
            onClose = grouped.windowedBy(windows).emit(.onWindowClose).reduce(into: store("on-close"), add)
            both = cogrouped.windowedBy(windows).aggregate(into: store("cogrouped"), initial: "")
        case .sliding(let windows):
            suppressed = grouped.windowedBy(windows).reduce(into: store("suppressed").withoutCache(), add)
            behindCache = grouped.windowedBy(windows).reduce(into: store("behind-cache"), add)
            onClose = grouped.windowedBy(windows).emit(.onWindowClose).reduce(into: store("on-close"), add)
            both = cogrouped.windowedBy(windows).aggregate(into: store("cogrouped"), initial: "")
        case .session(let windows):
            suppressed = grouped.windowedBy(windows).reduce(into: store("suppressed").withoutCache(), add)
            behindCache = grouped.windowedBy(windows).reduce(into: store("behind-cache"), add)
            onClose = grouped.windowedBy(windows).emit(.onWindowClose).reduce(into: store("on-close"), add)
            both = cogrouped.windowedBy(windows).aggregate(into: store("cogrouped"), initial: "") { add($1, $2) }
        }
        suppressed.suppress(.untilWindowCloses()).lines().to("suppressed")
        behindCache.suppress(.untilWindowCloses()).lines().to("behind-cache")
        onClose.lines().to("on-close")
        both.suppress(.untilWindowCloses()).lines().to("cogrouped")
        return try builder.build()
    }
}
