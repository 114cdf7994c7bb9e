import Millrace
import MillraceTesting
import TestSupport
import Testing

/// Joins of windowed tables whose sides have different times: a window has its one final result when it is closed for both.
@Suite("Final results of joined windows")
struct JoinedFinalResultTests {
    @Test("are the joined final results of both sides, each once, over restarts and leaps of time")
    func model() throws {
        for seed in 0..<100 as Range<UInt64> {
            var random = SeededNumbers(seed: seed)
            let size = Duration.milliseconds(Int64.random(in: 1...20, using: &random))
            func windows() -> TimeWindows {
                .tumbling(size, grace: .milliseconds(Int64.random(in: 0...20, using: &random)))
            }
            let (left, right) = (windows(), windows())
            var models = ["l": FinalResultModel(), "r": FinalResultModel()]
            let driver = try TopologyTestDriver(Self.topology(left, right), storage: .simulatedDisk)
            func pipe(_ number: Int, _ topic: String, key: String, timestampMs: Int64) throws {
                try driver.inputTopic(topic, key: .string, value: .string)
                    .pipe(key: key, value: "\(number)", timestampMs: timestampMs)
                models[topic]?.add(number, key: key, timestampMs: timestampMs)
            }
            // Each side goes its own pace.
            var nowMs: [String: Int64] = ["l": 0, "r": 0]
            for number in 0..<120 {
                let topic = Bool.random(using: &random) ? "l" : "r"
                switch Int.random(in: 0..<20, using: &random) {
                case 0: try driver.restart(InstanceEnding.allCases.randomElement(using: &random) ?? .crash)
                case 1: nowMs[topic, default: 0] += Int64.random(in: 0...60, using: &random)
                default: nowMs[topic, default: 0] += Int64.random(in: 0...6, using: &random)
                }
                let lateMs = Int64.random(in: 0...25, using: &random)
                try pipe(
                    number, topic, key: Bool.random(using: &random) ? "a" : "b",
                    timestampMs: max(0, (nowMs[topic] ?? 0) - lateMs))
            }
            for end in 1...3 as ClosedRange<Int64> {
                for topic in ["l", "r"] { try pipe(-1, topic, key: "end", timestampMs: end * 1_000_000) }
            }
            let (lefts, rights) = (Self.finals(models["l"], left), Self.finals(models["r"], right))
            for way in Self.ways {
                for kind in ["inner", "left", "outer"] {
                    let windows: [String] =
                        switch kind {
                        case "inner": lefts.keys.filter { rights[$0] != nil }
                        case "left": Array(lefts.keys)
                        default: Array(Set(lefts.keys).union(rights.keys))
                        }
                    let expected = windows.map { "\($0)=\(lefts[$0] ?? "-")|\(rights[$0] ?? "-")" }.sorted()
                    let found = try driver.outputTopic("\(kind)-\(way)", key: .string, value: .string).readRecords()
                        .map { "\($0.key ?? "-")=\($0.value ?? "-")" }.filter { !$0.hasPrefix("end") }.sorted()
                    #expect(found == expected, "\(kind), \(way), seed \(seed), \(left), \(right)")
                }
            }
        }
    }

    @Test(
        "of a table that is joined with itself are each there once, with and without caches", arguments: [false, true])
    func itself(isCached: Bool) throws {
        func store(_ name: String) -> Materialized<Windowed<String>, String> {
            let store = Materialized<Windowed<String>, String>.store(
                name, key: .timeWindowed(.string, sizeMs: 10), value: .string)
            return isCached ? store : store.withoutCache()
        }
        let builder = StreamsBuilder()
        let table = builder.stream("in", key: .string, value: .string).groupByKey()
            .windowedBy(.tumbling(.milliseconds(10))).reduce { $0 + $1 }
        let left = table.mapValues(into: store("left")) { (value: String) -> String? in value }
        let right = table.mapValues(into: store("right")) { (value: String) -> String? in value }
        left.outerJoin(right) { "\($0 ?? "-")|\($1 ?? "-")" }
            .mapValues(into: .store(value: .string)) { (value: String) -> String? in value }
            .suppress(.untilWindowCloses()).lines().to("out")
        let driver = try TopologyTestDriver(builder.build())
        let input = driver.inputTopic("in", key: .string, value: .string)
        for (value, atMs) in [("a", 1), ("b", 2), ("c", 11), ("d", 3), ("e", 21), ("f", 100)] as [(String, Int64)] {
            try input.pipe(key: "k", value: value, timestampMs: atMs)
        }
        let found = try driver.outputTopic("out", key: .string, value: .string).readRecords()
            .map { "\($0.key ?? "-")=\($0.value ?? "-")" }
        #expect(found == ["k@0/10=ab|ab", "k@10/20=c|c", "k@20/30=e|e"])
    }

    private static let ways = ["cached", "uncached", "final-left", "kept"]

    /// The final results by window, as `key@start/end`.
    private static func finals(_ model: FinalResultModel?, _ windows: TimeWindows) -> [String: String] {
        let results = model?.results(.time(windows)) ?? []
        return Dictionary(
            results.filter { !$0.hasPrefix("end") }.map { result in
                let parts = result.split(separator: "=")
                return (String(parts[0]), String(parts[1]))
            }, uniquingKeysWith: { first, _ in first })
    }

    private static func topology(_ left: TimeWindows, _ right: TimeWindows) throws -> Topology {
        let builder = StreamsBuilder()
        let streams = ["l", "r"].map { builder.stream($0, key: .string, value: .string).groupByKey() }
        let both: @Sendable (String?, String?) -> String? = { "\(sorted($0))|\(sorted($1))" }
        for way in ways {
            func store(_ name: String) -> Materialized<String, String> {
                let store = Materialized<String, String>.store("\(name)-\(way)", value: .string)
                return way == "uncached" ? store.withoutCache() : store
            }
            let lefts = streams[0].windowedBy(left).emit(way == "final-left" ? .onWindowClose : .onWindowUpdate)
                .reduce(into: store("l")) { $0 + "+" + $1 }
            let rights = streams[1].windowedBy(right).reduce(into: store("r")) { $0 + "+" + $1 }
            func kept(_ kind: String) -> Materialized<Windowed<String>, String>? {
                way == "kept"
                    ? .store("\(kind)-kept", key: .timeWindowed(.string, sizeMs: left.sizeMs), value: .string) : nil
            }
            let joins: [(String, KTable<Windowed<String>, String>)] = [
                ("inner", lefts.join(rights, into: kept("inner")) { both($0, $1) }),
                ("left", lefts.leftJoin(rights, into: kept("left")) { both($0, $1) }),
                ("outer", lefts.outerJoin(rights, into: kept("outer")) { both($0, $1) }),
            ]
            for (kind, table) in joins {
                table.mapValues(into: .store(value: .string)) { (value: String) -> String? in value }
                    .suppress(.untilWindowCloses()).toStream()
                    .map { (record: Record<Windowed<String>, String>) -> (String?, String?) in
                        let key = record.key.map { "\($0.key)@\($0.window.startMs)/\($0.window.endMs)" }
                        return (key, record.value)
                    }
                    .to("\(kind)-\(way)")
            }
        }
        return try builder.build()
    }

    private static func sorted(_ value: String?) -> String {
        guard let value else { return "-" }
        return value.split(separator: "+").compactMap { Int($0) }.sorted().map { "\($0)" }.joined(separator: "+")
    }

    @Test("a result that nobody can know to be final is refused when the topology is built")
    func refused() throws {
        let windows = TimeWindows.tumbling(.seconds(1))
        func counted(_ builder: StreamsBuilder) -> KTable<Windowed<String>, Int64> {
            builder.stream("in", key: .string, value: .string).groupByKey().windowedBy(windows).count()
        }
        let key = Serde.timeWindowed(.string, sizeMs: windows.sizeMs)
        let topologies: [(String, (StreamsBuilder) -> Void)] = [
            (
                "through a topic",
                {
                    counted($0).toStream().repartition(key: key, value: .int64).toTable()
                        .suppress(.untilWindowCloses())
                }
            ),
            (
                "holds back",
                {
                    let held = counted($0).suppress(.untilWindowCloses())
                    held.join(counted($0)) { count, _ in count }.suppress(.untilWindowCloses())
                }
            ),
            (
                "whose changes no window ends",
                {
                    counted($0).join($0.table("other", key: key, value: .string)) { count, _ in count }
                        .suppress(.untilWindowCloses())
                }
            ),
        ]
        for (reason, define) in topologies {
            let builder = StreamsBuilder()
            define(builder)
            let error = #expect(throws: StreamsError.self) { _ = try builder.build() }
            #expect(error?.code == .invalidTopology)
            #expect(error?.message.contains(reason) == true)
            // Kafka Streams builds them.
            let compatible = StreamsBuilder(compatibility: .kafkaStreams)
            define(compatible)
            _ = try compatible.build()
        }
    }
}
