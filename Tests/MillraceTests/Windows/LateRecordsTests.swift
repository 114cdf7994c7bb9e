import Millrace
import MillraceTesting
import Testing

/// An operator that drops late records, what it gets, and what of that is to go to the topic for late records.
struct LateCase: Sendable, CustomTestStringConvertible {
    struct Input: Sendable {
        var topic = "in"
        var value: String?
        var timestampMs: Int64
    }

    struct Late: Equatable, Sendable {
        var value: String?
        var timestampMs: Int64
        /// The headers without the prefix, but for those of the source.
        var headers: [String: String]
    }

    let testDescription: String
    /// Defines the topology, with a topic for late records or without.
    let define: @Sendable (StreamsBuilder, _ late: String?) -> Void
    let inputs: [Input]
    let late: [Late]
    /// Who counts them: the operator, or the store that finds them expired.
    let counter: String

    init(
        _ name: String, _ inputs: [Input], countedBy counter: String = "op", late: [Late],
        _ define: @escaping @Sendable (StreamsBuilder, _ late: String?) -> Void
    ) {
        testDescription = name
        self.inputs = inputs
        self.counter = counter
        self.late = late
        self.define = define
    }

    static func late(
        _ value: String?, at timestampMs: Int64, operator name: String, streamTimeMs: Int64, boundMs: Int64,
        window: Window? = nil
    ) -> Late {
        var headers = [
            "own": "kept", "operator": name, "reason": "expired", "stream.time": "\(streamTimeMs)",
            "bound": "\(boundMs)",
        ]
        if let window {
            headers["window.start"] = "\(window.startMs)"
            headers["window.end"] = "\(window.endMs)"
        }
        return Late(value: value, timestampMs: timestampMs, headers: headers)
    }
}

extension Materialized {
    fileprivate func late(_ topic: String?) -> Materialized { topic.map { lateRecords(to: $0) } ?? self }
}

extension StreamsBuilder {
    fileprivate var grouped: KGroupedStream<String, String> {
        stream("in", key: .string, value: .string).groupByKey()
    }
}

extension KTable {
    fileprivate func out<Inner>() where Key == Windowed<Inner> {
        toStream().selectKey(key: .string) { key, _ in key.map { "\($0.key)@\($0.window.startMs)" } }.to("out")
    }
}

extension LateCase {
    static let all = windows + sessions + others

    private static let windows = [
        LateCase(
            "a tumbling window's, behind its grace, also without a value",
            [
                .init(value: "1", timestampMs: 10), .init(value: "2", timestampMs: 300),
                .init(value: "3", timestampMs: 20),
                .init(value: nil, timestampMs: 30), .init(value: "5", timestampMs: 250),
            ],
            late: [
                late(
                    "3", at: 20, operator: "op", streamTimeMs: 300, boundMs: 251, window: .init(startMs: 0, endMs: 100)),
                late(
                    nil, at: 30, operator: "op", streamTimeMs: 300, boundMs: 251, window: .init(startMs: 0, endMs: 100)),
            ]
        ) { builder, late in
            builder.grouped.windowedBy(TimeWindows.tumbling(.milliseconds(100), grace: .milliseconds(50)))
                .count(into: .store("s").late(late), named: "op").out()
        },
        LateCase(
            "a hopping window's, for each window that has closed",
            [
                .init(value: "1", timestampMs: 130), .init(value: "2", timestampMs: 70),
                .init(value: "3", timestampMs: 300),
                .init(value: "4", timestampMs: 60),
            ],
            late: [
                late(
                    "2", at: 70, operator: "op", streamTimeMs: 130, boundMs: 131, window: .init(startMs: 0, endMs: 100)),
                late(
                    "4", at: 60, operator: "op", streamTimeMs: 300, boundMs: 301, window: .init(startMs: 0, endMs: 100)),
                late(
                    "4", at: 60, operator: "op", streamTimeMs: 300, boundMs: 301, window: .init(startMs: 50, endMs: 150)
                ),
            ]
        ) { builder, late in
            builder.grouped.windowedBy(TimeWindows.hopping(.milliseconds(100), advance: .milliseconds(50)))
                .reduce(into: .store("s").late(late), named: "op") { $0 + $1 }.out()
        },
        LateCase(
            "a window's whose result comes when it closes",
            [
                .init(value: "1", timestampMs: 10), .init(value: "2", timestampMs: 300),
                .init(value: "3", timestampMs: 20),
            ],
            late: [
                late(
                    "3", at: 20, operator: "op", streamTimeMs: 300, boundMs: 301, window: .init(startMs: 0, endMs: 100))
            ]
        ) { builder, late in
            builder.grouped.windowedBy(TimeWindows.tumbling(.milliseconds(100))).emit(.onWindowClose)
                .count(into: .store("s").late(late), named: "op").out()
        },
        LateCase(
            "a sliding window's",
            [
                .init(value: "1", timestampMs: 200), .init(value: "2", timestampMs: 500),
                .init(value: "3", timestampMs: 220),
            ],
            late: [
                late(
                    "3", at: 220, operator: "op", streamTimeMs: 500, boundMs: 490,
                    window: .init(startMs: 220, endMs: 320))
            ]
        ) { builder, late in
            builder.grouped.windowedBy(SlidingWindows.sliding(.milliseconds(100), grace: .milliseconds(10)))
                .count(into: .store("s").late(late), named: "op").out()
        },
        LateCase(
            "a cogroup's in windows",
            [
                .init(value: "1", timestampMs: 10), .init(value: "2", timestampMs: 300),
                .init(value: "3", timestampMs: 20),
            ],
            countedBy: "op-cogroup-agg-0",
            late: [
                late(
                    "3", at: 20, operator: "op-cogroup-agg-0", streamTimeMs: 300, boundMs: 301,
                    window: .init(startMs: 0, endMs: 100))
            ]
        ) { builder, late in
            builder.grouped.cogroup { _, value, all in all + value }
                .windowedBy(TimeWindows.tumbling(.milliseconds(100)))
                .aggregate(into: .store("s", value: .string).late(late), initial: "", named: "op").out()
        },
    ]

    private static let sessions = [
        LateCase(
            "a session's, behind its grace",
            [
                .init(value: "1", timestampMs: 10), .init(value: "2", timestampMs: 300),
                .init(value: "3", timestampMs: 20),
                .init(value: "4", timestampMs: 245),
            ],
            late: [
                late(
                    "3", at: 20, operator: "op", streamTimeMs: 300, boundMs: 240, window: .init(startMs: 10, endMs: 20))
            ]
        ) { builder, late in
            builder.grouped.windowedBy(SessionWindows.session(gap: .milliseconds(50), grace: .milliseconds(10)))
                .count(into: .store("s").late(late), named: "op").out()
        },
        LateCase(
            "a cogroup's in sessions",
            [
                .init(value: "1", timestampMs: 10), .init(value: "2", timestampMs: 300),
                .init(value: "3", timestampMs: 120),
            ],
            countedBy: "op-cogroup-agg-0",
            late: [
                late(
                    "3", at: 120, operator: "op-cogroup-agg-0", streamTimeMs: 300, boundMs: 250,
                    window: .init(startMs: 120, endMs: 120))
            ]
        ) { builder, late in
            builder.grouped.cogroup { _, value, all in all + value }
                .windowedBy(SessionWindows.session(gap: .milliseconds(50)))
                .aggregate(into: .store("s", value: .string).late(late), initial: "", named: "op") { $1 + $2 }.out()
        },
    ]

    private static let others = [
        LateCase(
            "a join's of streams, too old for its store",
            [
                .init(value: "1", timestampMs: 130_000), .init(topic: "right", value: "2", timestampMs: 119_950),
                .init(value: "3", timestampMs: 120_000), .init(value: "4", timestampMs: 1),
            ],
            countedBy: "pair-this-join-store",
            late: [
                late("4", at: 1, operator: "op-this-windowed", streamTimeMs: 130_000, boundMs: 120_000)
            ]
        ) { builder, late in
            var pair = StreamJoined<String, String, String>.store("pair")
            if let late { pair = pair.lateRecords(to: late) }
            builder.stream("in", key: .string, value: .string).leftJoin(
                builder.stream("right", key: .string, value: .string), within: .difference(.milliseconds(100)),
                as: pair,
                named: "op"
            ) { "\($0)\($1 ?? "-")" }.to("out")
        },
        LateCase(
            "a versioned table's, older than its history, deletions too",
            [
                .init(value: "1", timestampMs: 1_000), .init(value: "2", timestampMs: 899),
                .init(value: "3", timestampMs: 900),
                .init(value: nil, timestampMs: 800),
            ],
            countedBy: "s",
            late: [
                late("2", at: 899, operator: "op", streamTimeMs: 1_000, boundMs: 900),
                late(nil, at: 800, operator: "op", streamTimeMs: 1_000, boundMs: 900),
            ]
        ) { builder, late in
            builder.table(
                "in", key: .string, value: .string,
                into: .versioned("s", historyRetention: .milliseconds(100)).late(late), named: "op"
            ).toStream().to("out")
        },
    ]
}

@Suite("Late records")
struct LateRecordsTests {
    private func topology(_ operation: LateCase, late: String?) throws -> Topology {
        let builder = StreamsBuilder()
        operation.define(builder, late)
        return try builder.build()
    }

    private func run(
        _ operation: LateCase, late: String?, ending: InstanceEnding?
    ) throws -> (driver: TopologyTestDriver, results: [Record<String, [UInt8]>]) {
        let driver = try TopologyTestDriver(topology(operation, late: late), storage: .simulatedDisk)
        for input in operation.inputs {
            try driver.inputTopic(input.topic, key: .string, value: .string).pipe(
                key: "k", value: input.value, timestampMs: input.timestampMs,
                headers: Headers([Header(name: "own", value: Array("kept".utf8))]))
            if let ending { try driver.restart(ending) }
        }
        return (driver, try driver.outputTopic("out", key: .string, value: .bytes).readRecords())
    }

    @Test(
        "go to the topic that was named, with what they were too late for, over restarts too", arguments: LateCase.all,
        [nil] + InstanceEnding.allCases.map { $0 } as [InstanceEnding?])
    func sent(operation: LateCase, ending: InstanceEnding?) throws {
        let (driver, results) = try run(operation, late: "late", ending: ending)
        let records = try driver.outputTopic("late", key: .string, value: .string).readRecords()
        #expect(records.allSatisfy { $0.key == "k" })
        let prefix = "__streams.late."
        let found = records.map { record in
            var headers: [String: String] = [:]
            for header in record.headers {
                let name = header.name.hasPrefix(prefix) ? String(header.name.dropFirst(prefix.count)) : header.name
                headers[name] = header.value.map { String(decoding: $0, as: UTF8.self) }
            }
            let source = ["topic", "partition", "offset"].map { headers.removeValue(forKey: $0) }
            #expect(source[0] == "in")
            #expect(source[1] == "0")
            #expect(source[2].flatMap { Int($0) } != nil)
            return LateCase.Late(value: record.value, timestampMs: record.timestampMs, headers: headers)
        }
        #expect(found == operation.late)
        #expect(driver.droppedRecords == [.expired: operation.late.count])
        #expect(driver.droppedRecordsByOperator == [operation.counter: [.expired: operation.late.count]])
        let without = try run(operation, late: nil, ending: nil)
        #expect(results == without.results)
        #expect(without.driver.droppedRecords == [.expired: operation.late.count])
        #expect(!without.driver.producedTopics.contains("late"))
    }

    @Test("do not show in the description", arguments: LateCase.all)
    func description(operation: LateCase) throws {
        #expect(
            try topology(operation, late: "late").describe() == topology(operation, late: nil).describe())
    }

    @Test("are told of where nothing comes too late, or where there is no serde to write them with")
    func problems() throws {
        struct Opaque {}
        let builder = StreamsBuilder()
        builder.grouped.count(into: .store("counts").lateRecords(to: "late"), named: "counter")
        builder.stream("other", key: .string, value: .string).mapValues { _ in Opaque() }
            .groupByKey().windowedBy(TimeWindows.tumbling(.seconds(1)))
            .count(into: .store("windows").lateRecords(to: "late"), named: "opaque")
        let error = #expect(throws: StreamsError.self) { _ = try builder.build() }
        #expect(error?.message.contains("counter: nothing comes too late for the store counts") == true)
        #expect(error?.message.contains("opaque: no serde for value type Opaque") == true)
    }

    @Test("that cannot be written are for the production handler")
    func unwritable() throws {
        struct Mine: Error {}
        let serde = Serde<String>(
            serialize: { value, bytes in
                if value == "bad" { throw Mine() }
                bytes += Array(value.utf8)
            }, deserialize: { String(decoding: $0, as: UTF8.self) })
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: serde).groupByKey()
            .windowedBy(TimeWindows.tumbling(.milliseconds(10)))
            .count(into: .store("counts").lateRecords(to: "late"))
        let driver = try TopologyTestDriver(builder.build(), errorHandlers: ErrorHandlers(production: .continue))
        let input = driver.inputTopic("in", key: .string, value: .string)
        for (value, timestampMs) in [("good", 100), ("bad", 1), ("good", 2)] as [(String, Int64)] {
            try input.pipe(key: "k", value: value, timestampMs: timestampMs)
        }
        #expect(try driver.outputTopic("late", key: .string, value: .string).readValues() == ["good"])
        #expect(driver.droppedRecords == [.expired: 2, .production: 1])
    }
}
