import Millrace
import MillraceTesting
import Testing

extension KTable where Key == Windowed<String>, Value == String {
    /// The table's changes under a text of their keys and windows.
    func lines() -> KStream<String, String> {
        toStream().selectKey { record in
            record.key.map { "\($0.key)@\($0.window.startMs)/\($0.window.endMs)" }
        }
    }
}

/// Each of these is run again with restarts in the middle; see `run`.
@Suite("Windows")
struct WindowTests {
    @Test("a tumbling window takes records until its end and grace are over; what is late is dropped as expired")
    func tumbling() throws {
        let records = [
            text("a", "x", 0), text("a", "y", 9), text("a", "z", 10), text("a", "late", 3), text("a", "w", 15),
            text("a", "gone", 4), text(nil, "n", 16), text("b", "v", 17),
        ]
        let outcome = try run(records) { stream in
            stream.groupByKey().windowedBy(.tumbling(.milliseconds(10), grace: .milliseconds(5)))
                .reduce { $0 + "+" + $1 }.lines()
        }
        #expect(
            outcome.lines == [
                "a@0/10=x@0", "a@0/10=x+y@9", "a@10/20=z@10", "a@0/10=x+y+late@9", "a@10/20=z+w@15", "b@10/20=v@17",
            ])
        #expect(outcome.dropped == [.expired: 1, .nullKey: 1])
    }

    @Test("a record is in every hopping window that covers it")
    func hopping() throws {
        let outcome = try run([text("a", "x", 7), text("a", "y", 12)]) { stream in
            stream.groupByKey().windowedBy(.hopping(.milliseconds(10), advance: .milliseconds(5), grace: .seconds(1)))
                .reduce { $0 + $1 }.lines()
        }
        #expect(outcome.lines == ["a@0/10=x@7", "a@5/15=x@7", "a@5/15=xy@12", "a@10/20=y@12"])
    }

    @Test("a windowed count counts records without a value, an aggregate of values drops them")
    func nullValues() throws {
        let records = [text("a", nil, 1), text("a", "x", 2)]
        let counted = try run(records) { stream in
            stream.groupByKey().windowedBy(.tumbling(.milliseconds(10))).count().mapValues { "\($0)" }.lines()
        }
        #expect(counted.lines == ["a@0/10=1@1", "a@0/10=2@2"])
        let aggregated = try run(records) { stream in
            stream.groupByKey().windowedBy(.tumbling(.milliseconds(10)))
                .aggregate(into: .with(value: .string), initial: "0") { _, value, sum in sum + value }.lines()
        }
        #expect(aggregated.lines == ["a@0/10=0x@2"])
        #expect(aggregated.dropped == [.nullValue: 1])
        let whole = try run(records) { stream in
            stream.groupByKey().windowedBy(.tumbling(.milliseconds(10)))
                .aggregate(into: .with(value: .string), initial: "0") { record, sum in sum + (record.value ?? "-") }
                .lines()
        }
        #expect(whole.lines == ["a@0/10=0-@1", "a@0/10=0-x@2"])
    }

    @Test("an unlimited window takes everything from its start on, and never closes")
    func unlimited() throws {
        let records = [text("a", "x", 5), text("a", "y", 50), text("a", "z", 5_000_000), text("a", "w", 11)]
        let outcome = try run(records) { stream in
            stream.groupByKey().windowedBy(.unlimited(fromMs: 10)).reduce { $0 + $1 }.lines()
        }
        #expect(
            outcome.records.map(\.value) == ["y", "yz", "yzw"])
    }

    @Test("a session that a record joins is deleted before the joined one comes, with its end for a timestamp")
    func sessions() throws {
        let records = [text("a", "x", 0), text("a", "y", 20), text("a", "z", 10), text("b", "v", 100)]
        let outcome = try run(records) { stream in
            stream.groupByKey().windowedBy(.session(gap: .milliseconds(10), grace: .milliseconds(50)))
                .reduce { $0 + $1 }.lines()
        }
        #expect(
            outcome.lines == [
                "a@0/0=x@0", "a@20/20=y@20", "a@0/0=-@0", "a@20/20=-@20", "a@0/20=xyz@20", "b@100/100=v@100",
            ])
    }

    @Test("a sliding window ends with each record, and one begins after each that has a successor in reach")
    func sliding() throws {
        let records = [text("a", "x", 100), text("a", "y", 105), text("a", "z", 200)]
        let outcome = try run(records) { stream in
            stream.groupByKey().windowedBy(.sliding(.milliseconds(10), grace: .seconds(1))).reduce { $0 + $1 }.lines()
        }
        #expect(outcome.lines == ["a@90/100=x@100", "a@101/111=y@105", "a@95/105=xy@105", "a@190/200=z@200"])
    }

    @Test("a result that is emitted on close comes once, when stream time has reached its window's end and grace")
    func onClose() throws {
        let records = [
            text("a", "x", 0), text("b", "y", 3), text("a", "z", 9), text("a", "w", 12), text("c", "v", 15),
            text("c", "u", 26),
        ]
        let outcome = try run(records) { stream in
            stream.groupByKey().windowedBy(.tumbling(.milliseconds(10), grace: .milliseconds(5)))
                .emit(.onWindowClose).reduce { $0 + $1 }.lines()
        }
        #expect(outcome.lines == ["a@0/10=xz@9", "b@0/10=y@3", "a@10/20=w@12", "c@10/20=v@15"])
    }

    @Test("sessions and sliding windows are emitted on close, too")
    func othersOnClose() throws {
        let records = [text("a", "x", 100), text("a", "y", 105), text("b", "z", 270)]
        let sessions = try run(records) { stream in
            stream.groupByKey().windowedBy(.session(gap: .milliseconds(10), grace: .milliseconds(100)))
                .emit(.onWindowClose).reduce { $0 + $1 }.lines()
        }
        #expect(sessions.lines == ["a@100/105=xy@105"])
        let sliding = try run(records) { stream in
            stream.groupByKey().windowedBy(.sliding(.milliseconds(10), grace: .milliseconds(150)))
                .emit(.onWindowClose).reduce { $0 + $1 }.lines()
        }
        #expect(sliding.lines == ["a@90/100=x@100", "a@95/105=xy@105", "a@101/111=y@105"])
    }

    @Test("an aggregator that throws for a record leaves the windows before it, and the handler decides")
    func failing() throws {
        struct Refused: Error {}
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).groupByKey().windowedBy(.tumbling(.milliseconds(10)))
            .reduce { old, new in
                if new == "bad" { throw Refused() }
                return old + new
            }
            .lines().to("out")
        let driver = try TopologyTestDriver(
            builder.build(), errorHandlers: ErrorHandlers(processing: .continue))
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(key: "a", value: "x", timestampMs: 1)
        try input.pipe(key: "a", value: "bad", timestampMs: 2)
        try input.pipe(key: "a", value: "y", timestampMs: 3)
        let values = try driver.outputTopic("out", key: .string, value: .string).readRecords().map(\.value)
        #expect(values == ["x", "xy"])
        #expect(driver.droppedRecords == [.processing: 1])
    }

    @Test("the driver shows window and session stores")
    func stores() throws {
        let builder = StreamsBuilder()
        let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
        grouped.windowedBy(.tumbling(.milliseconds(10))).count(into: .store("windows"))
        grouped.windowedBy(.session(gap: .milliseconds(10))).count(into: .store("sessions"))
        let driver = try TopologyTestDriver(builder.build())
        let input = driver.inputTopic("in", key: .string, value: .string)
        for timestampMs in [1, 5, 12] as [Int64] { try input.pipe(key: "a", value: "x", timestampMs: timestampMs) }
        let windows = try #require(driver.windowStore("windows", key: .string, value: .int64))
        #expect(try windows.fetch("a", startMs: 0) == ValueAndTimestamp(value: 2, timestampMs: 5))
        #expect(try windows.fetch("a", starting: 0...100).map(\.startMs) == [0, 10])
        let sessions = try #require(driver.sessionStore("sessions", key: .string, value: .int64))
        #expect(try sessions.fetch("a").map(\.session) == [Window(startMs: 1, endMs: 12)])
        #expect(driver.windowStore("sessions-of-nobody", key: .string, value: .int64) == nil)
    }

    @Test(
        "windows of impossible sizes are reported with the operator's name",
        arguments: [
            TimeWindows.tumbling(.zero), .hopping(.seconds(1), advance: .seconds(2)),
            .hopping(.seconds(1), advance: .zero), .tumbling(.seconds(1), grace: .seconds(-1)),
        ])
    func problems(windows: TimeWindows) throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).groupByKey().windowedBy(windows).count(named: "counting")
        let error = #expect(throws: StreamsError.self) { try builder.build() }
        #expect(error?.message.contains("counting: ") == true)
    }

    @Test(
        "windows of which a record would be in too many are refused, with the number and the bound",
        arguments: [
            (.milliseconds(100_001), .milliseconds(1), 100_001), (.milliseconds(200_001), .milliseconds(2), 100_001),
            (.seconds(365 * 86_400), .milliseconds(1), 31_536_000_000),
            (.milliseconds(Int64.max), .milliseconds(1), .max),
        ] as [(Duration, Duration, Int64)])
    func tooManyWindows(size: Duration, advance: Duration, windowsPerRecord: Int64) throws {
        let builder = StreamsBuilder()
        let windows = TimeWindows.hopping(size, advance: advance)
        builder.stream("in", key: .string, value: .string).groupByKey().windowedBy(windows).count(named: "counting")
        let message = try #require(#expect(throws: StreamsError.self) { try builder.build() }).message
        #expect(
            message.contains("counting: ") && message.contains("each record would be in \(windowsPerRecord) of them"))
        #expect(message.contains("at most 100000"))
    }

    @Test(
        "a record may be in as many windows as the bound says",
        arguments: [
            .hopping(.milliseconds(100_000), advance: .milliseconds(1)),
            .hopping(.seconds(86_400), advance: .seconds(1)),
            .hopping(.milliseconds(Int64.max), advance: .milliseconds(Int64.max / 100_000 + 1)),
            .tumbling(.milliseconds(Int64.max)), .unlimited(),
        ] as [TimeWindows])
    func manyWindows(windows: TimeWindows) throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).groupByKey().windowedBy(windows).count(named: "counting")
        _ = try builder.build()
        for timestampMs in [0, 1_700_000_000_000, Int64.max] {
            var count = 0
            windows.forEachStart(at: timestampMs) { _ in count += 1 }
            #expect((1...100_000).contains(count))
        }
    }

    @Test("a retention below size and grace, and an unlimited window that is to close, are reported")
    func moreProblems() throws {
        let builder = StreamsBuilder()
        let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
        grouped.windowedBy(.tumbling(.seconds(10), grace: .seconds(5)))
            .count(into: Materialized.store("short").retention(.seconds(12)), named: "short")
        grouped.windowedBy(.unlimited()).emit(.onWindowClose).count(named: "endless")
        let message = try #require(#expect(throws: StreamsError.self) { try builder.build() }).message
        #expect(message.contains("short: its store keeps windows for 12000 ms, but needs them for 15000 ms"))
        #expect(message.contains("endless: an unlimited window never closes"))
    }

    @Test("the changelog of windows is compacted and deleted, a day after the retention")
    func changelog() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).groupByKey()
            .windowedBy(.tumbling(.seconds(60), grace: .seconds(5))).count(into: .store("windows"))
        let store = try #require(builder.build().subtopologies.flatMap(\.stores).first)
        #expect(
            store.changelogTopicConfiguration == [
                "cleanup.policy": "compact,delete", "retention.ms": "\(65_000 + 86_400_000)",
                "message.timestamp.type": "CreateTime",
            ])
    }
}
