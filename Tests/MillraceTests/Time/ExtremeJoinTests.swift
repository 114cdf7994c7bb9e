import Millrace
import MillraceTesting
import TestSupport
import Testing

/// Joins of streams with extreme windows over records of extreme times, against a model whose sums cannot overflow.
@Suite("Joins at the ends of time")
struct ExtremeJoinTests {
    private struct Arrival {
        let name: String
        let isLeft: Bool
        let moment: Int128
    }

    private struct Model {
        var pairs: [String] = []
        var unmatched: Set<String> = []

        /// - Parameter sizes: how much earlier and later than the left record the right one may be, and the grace.
        init(_ arrivals: [Arrival], _ sizes: (before: Int128, after: Int128, grace: Int128)) {
            var streamTime: Int128 = -1
            func end(_ arrival: Arrival) -> Int128 { arrival.moment + (arrival.isLeft ? sizes.after : sizes.before) }
            func isClosed(_ arrival: Arrival) -> Bool {
                let closing = end(arrival) + sizes.grace + 1
                return closing < Int128(Int64.max) && closing <= streamTime
            }
            var matched: Set<String> = []
            for (number, arrival) in arrivals.enumerated() {
                streamTime = max(streamTime, arrival.moment)
                for earlier in arrivals[..<number] where earlier.isLeft != arrival.isLeft && !isClosed(earlier) {
                    let (left, right) = arrival.isLeft ? (arrival, earlier) : (earlier, arrival)
                    let distance = right.moment - left.moment
                    guard distance >= -sizes.before, distance <= sizes.after else { continue }
                    pairs.append("\(left.name)+\(right.name)")
                    matched.formUnion([left.name, right.name])
                }
            }
            unmatched = Set(arrivals.filter { isClosed($0) && !matched.contains($0.name) }.map(\.name))
        }
    }

    @Test("records meet that lie within the window, and what is handed on alone has met nobody and never will")
    func joins() throws {
        for seed in ExtremeTimes.seeds(200) {
            var random = SeededNumbers(seed: seed)
            let (beforeMs, afterMs) = (ExtremeTimes.timestampMs(&random), ExtremeTimes.timestampMs(&random))
            let graceMs = ExtremeTimes.timestampMs(&random)
            let windows = JoinWindows.difference(.zero, grace: .milliseconds(graceMs))
                .before(.milliseconds(beforeMs)).after(.milliseconds(afterMs))
            let builder = StreamsBuilder()
            let left = builder.stream("left", key: .string, value: .string)
            let right = builder.stream("right", key: .string, value: .string)
            left.join(right, within: windows) { $0 + "+" + $1 }.to("inner")
            left.outerJoin(right, within: windows) { ($0 ?? "-") + "+" + ($1 ?? "-") }.to("outer")
            let driver = try TopologyTestDriver(
                builder.build(), storage: seed.isMultiple(of: 2) ? .memory : .simulatedDisk)
            var arrivals: [Arrival] = []
            for number in 0..<20 {
                let isLeft = Bool.random(using: &random)
                let timestampMs = ExtremeTimes.timestampMs(&random)
                let name = "\(isLeft ? "l" : "r")\(number)"
                arrivals.append(Arrival(name: name, isLeft: isLeft, moment: Int128(timestampMs)))
                try driver.inputTopic(isLeft ? "left" : "right", key: .string, value: .string)
                    .pipe(key: "k", value: name, timestampMs: timestampMs)
                if number == 10, seed.isMultiple(of: 3) { try driver.restart(.crash) }
            }
            let model = Model(arrivals, (Int128(beforeMs), Int128(afterMs), Int128(graceMs)))
            func results(_ topic: String) throws -> [String] {
                try driver.outputTopic(topic, key: .string, value: .string).readRecords().map {
                    #expect($0.timestampMs >= 0)
                    return $0.value ?? "-"
                }
            }
            let times = "seed \(seed), \(windows), \(arrivals.map { "\($0.name)@\($0.moment)" })"
            #expect(try results("inner").sorted() == model.pairs.sorted(), "\(times)")
            let outer = try results("outer")
            let alone = outer.filter { $0.contains("-") }.map { $0.filter { $0 != "-" && $0 != "+" } }
            #expect(outer.filter { !$0.contains("-") }.sorted() == model.pairs.sorted(), "\(times)")
            #expect(Set(alone).count == alone.count, "\(times)")
            #expect(Set(alone).isSubset(of: model.unmatched), "\(times), \(alone), \(model.unmatched)")
        }
    }
}
