import Millrace
import MillraceEngine
import MillraceTesting
import Testing

/// Compares joins of streams, with windows of any size and records of any time, with a model.
@Suite("Joins of streams at the ends of time, against a model")
struct ExtremeJoinTests {
    struct Arrival {
        var isLeft: Bool
        var name: String
        var timestampMs: Int64
    }

    /// The pairs that meet: each record meets those of the other stream that are near it and whose windows are open.
    struct Model {
        let windows: JoinWindows
        private var streamTimeMs: Int64 = -1
        private var arrivals: [Arrival] = []
        private(set) var pairs: [String] = []

        init(_ windows: JoinWindows) { self.windows = windows }

        var isValid: Bool {
            windows.graceMs >= 0 && Int128(windows.beforeMs) + Int128(windows.afterMs) >= 0
        }

        private func isClosed(_ arrival: Arrival) -> Bool {
            let span = Int128(arrival.isLeft ? windows.afterMs : windows.beforeMs)
            let end = min(Int128(arrival.timestampMs) + span, Int128(Int64.max))
            let closing = end + Int128(windows.graceMs) + 1
            return closing < Int128(Int64.max) && closing <= Int128(streamTimeMs)
        }

        mutating func add(_ arrival: Arrival) {
            streamTimeMs = max(streamTimeMs, arrival.timestampMs)
            for other in arrivals where other.isLeft != arrival.isLeft {
                let (left, right) = arrival.isLeft ? (arrival, other) : (other, arrival)
                let distance = Int128(right.timestampMs) - Int128(left.timestampMs)
                guard -Int128(windows.beforeMs) <= distance, distance <= Int128(windows.afterMs), !isClosed(other)
                else {
                    continue
                }
                pairs.append("\(left.name) & \(right.name)@\(max(left.timestampMs, right.timestampMs))")
            }
            arrivals.append(arrival)
        }
    }

    @Test("each pair meets once, and a record without a match is reported once")
    func joins() throws {
        for seed in ExtremeTimes.seeds(24) {
            ExtremeTimes.announce("joins of streams", seed: seed)
            var times = ExtremeTimes(seed: seed)
            let windows = Self.windows(&times)
            var model = Model(windows)
            let topology: Topology
            do {
                topology = try Self.topology(windows)
                #expect(model.isValid, "seed \(seed): \(windows) should have been refused")
            } catch let error as StreamsError {
                #expect(!model.isValid, "seed \(seed): \(windows): \(error)")
                continue
            }
            let errors = SeenErrors()
            let stores = try SeededStorage(seed: seed)
            defer { stores.remove() }
            let driver = try TopologyTestDriver(topology, errorHandlers: errors.handlers, storage: stores.storage)
            defer { driver.close() }
            var negative = 0
            var names: Set<String> = []
            for number in 0..<40 {
                let isLeft = times.number(0..<2) == 0
                let arrival = Arrival(
                    isLeft: isLeft, name: "\(isLeft ? "l" : "r")\(number)", timestampMs: times.timeMs())
                try driver.inputTopic(isLeft ? "left" : "right", key: .string, value: .string)
                    .pipe(key: "k", value: "\(arrival.name):\(arrival.timestampMs)", timestampMs: 0)
                if arrival.timestampMs < 0 {
                    negative += 1
                } else {
                    model.add(arrival)
                    names.insert(arrival.name)
                }
                if times.number(0..<12) == 0 { try driver.restart(.clean) }
            }
            let context = "seed \(seed): \(windows)"
            #expect(try Self.lines(of: "pairs", in: driver) == model.pairs.sorted(), "\(context)")
            #expect(errors.all.count == negative, "\(context)")
            #expect(errors.all.allSatisfy { $0.code == .invalidTimestamp && $0.node?.hasPrefix("shift") == true })
            for topic in ["left-joined", "outer-joined"] {
                let lines = try Self.lines(of: topic, in: driver)
                let alone = lines.filter { $0.contains("none") }
                #expect(lines.filter { !$0.contains("none") } == model.pairs.sorted(), "\(context), \(topic)")
                let lonely = alone.flatMap { $0.split(separator: "@")[0].split(separator: " ").map(String.init) }
                    .filter { names.contains($0) }
                #expect(lonely.count == alone.count && Set(lonely).count == lonely.count, "\(context), \(topic)")
                let matched = Set(
                    model.pairs.flatMap { $0.split(separator: "@")[0].split(separator: " ").map(String.init) })
                #expect(matched.isDisjoint(with: lonely), "\(context), \(topic)")
            }
        }
    }

    private static func windows(_ times: inout ExtremeTimes) -> JoinWindows {
        var windows = JoinWindows.difference(times.duration(), grace: times.duration())
        if times.number(0..<3) == 0 { windows = windows.before(times.duration()) }
        if times.number(0..<3) == 0 {
            windows = windows.after(.milliseconds(times.number(-50..<50)))
        }
        return windows
    }

    private static func lines(of topic: String, in driver: TopologyTestDriver) throws -> [String] {
        try driver.outputTopic(topic, key: .string, value: .string).readRecords()
            .map { "\($0.value ?? "-")@\($0.timestampMs)" }.sorted()
    }

    private static func topology(_ windows: JoinWindows) throws -> Topology {
        let builder = StreamsBuilder()
        func side(_ topic: String) -> KStream<String, String> {
            builder.stream(topic, key: .string, value: .string).process(
                named: "shift-\(topic)", key: .string, value: .string
            ) { (context: ProcessorContext<String, String>) in
                { record in
                    let parts = (record.value ?? "").split(separator: ":")
                    let timestampMs = parts.last.flatMap { Int64($0) } ?? 0
                    try context.forward(
                        Record(key: record.key, value: parts.first.map(String.init), timestampMs: timestampMs))
                }
            }
        }
        let (left, right) = (side("left"), side("right"))
        left.join(right, within: windows) { "\($0) & \($1)" }.to("pairs", key: .string, value: .string)
        left.leftJoin(right, within: windows) { "\($0) & \($1 ?? "none")" }
            .to("left-joined", key: .string, value: .string)
        left.outerJoin(right, within: windows) { "\($0 ?? "none") & \($1 ?? "none")" }
            .to("outer-joined", key: .string, value: .string)
        return try builder.build()
    }
}
