import Millrace
import MillraceTesting
import Testing

/// Each of these is run again with restarts in the middle; see `run`.
@Suite("Suppress")
struct SuppressTests {
    @Test("only the last of a key's changes within the limit is emitted, also a deletion")
    func timeLimit() throws {
        let records = [
            text("a", "1", 0), text("a", "2", 4), text("b", "3", 5), text("c", "4", 10), text("b", nil, 11),
            text("d", "5", 30),
        ]
        let outcome = try runTable(records, key: .string, value: .string) { table in
            table.suppress(.untilTimeLimit(.milliseconds(10)))
        }
        #expect(outcome.lines == ["a=2@4", "b=-@11", "c=4@10"])
    }

    @Test("a window's final result goes on when it has closed, later changes of the same window never")
    func untilClose() throws {
        let records = [
            text("a", "x", 0), text("b", "y", 4), text("a", "z", 8), text("a", "w", 14), text("a", "late", 9),
            text("c", "v", 30),
        ]
        let outcome = try run(records) { stream in
            stream.groupByKey().windowedBy(.tumbling(.milliseconds(10), grace: .milliseconds(3)))
                .reduce { $0 + $1 }.suppress(.untilWindowCloses()).lines()
        }
        #expect(outcome.lines == ["a@0/10=xz@8", "b@0/10=y@4", "a@10/20=w@14"])
        #expect(outcome.dropped == [.expired: 1])
    }

    @Test("a buffer that emits early emits the oldest entry when it is full")
    func emitEarly() throws {
        let records = [text("a", "1", 0), text("b", "2", 1), text("c", "3", 2), text("b", "4", 3)]
        let outcome = try runTable(records, key: .string, value: .string) { table in
            table.suppress(.untilTimeLimit(.seconds(10), buffer: .bounded(maxRecords: 2, whenFull: .emitEarly)))
        }
        #expect(outcome.lines == ["a=1@0"])
    }

    @Test(
        "a buffer that shuts down fails when it is full",
        arguments: [
            BufferConfig.bounded(maxRecords: 1, whenFull: .shutDown), .bounded(maxSizeInBytes: 50, whenFull: .shutDown),
        ])
    func shutDown(buffer: BufferConfig) throws {
        let error = #expect(throws: StreamsError.self) {
            try runTable([text("a", "1", 0), text("b", "2", 1)], key: .string, value: .string) { table in
                table.suppress(.untilTimeLimit(.seconds(10), buffer: buffer), named: "holding")
            }
        }
        #expect(error?.code == .bufferFull)
        #expect(error?.node == "holding")
    }

    @Test("a join sees of a key that is held back the value before")
    func lookedUp() throws {
        let builder = StreamsBuilder()
        let held = builder.table("table", key: .string, value: .string)
            .suppress(.untilTimeLimit(.milliseconds(10)))
        builder.stream("stream", key: .string, value: .string)
            .leftJoin(held) { left, right in "\(left)\(right ?? "-")" }.to("out")
        let driver = try TopologyTestDriver(builder.build())
        let (table, stream) = (
            driver.inputTopic("table", key: .string, value: .string),
            driver.inputTopic("stream", key: .string, value: .string)
        )
        try table.pipe(key: "a", value: "1", timestampMs: 0)
        try stream.pipe(key: "a", value: "x", timestampMs: 1)
        try table.pipe(key: "b", value: "2", timestampMs: 20)
        try stream.pipe(key: "a", value: "y", timestampMs: 21)
        try table.pipe(key: "a", value: "3", timestampMs: 22)
        try stream.pipe(key: "a", value: "z", timestampMs: 23)
        let values = try driver.outputTopic("out", key: .string, value: .string).readRecords().map(\.value)
        #expect(values == ["x-", "y1", "z1"])
    }

    @Test("and still does while that key is handed on")
    func lookedUpMeanwhile() throws {
        let records = [text("a", "1", 0), text("b", "2", 20), text("a", "3", 21), text("c", "4", 40)]
        let outcome = try runTable(records, key: .string, value: .string) { table in
            let held = table.suppress(.untilTimeLimit(.milliseconds(10)))
            return held.leftJoin(held) { left, right in "\(left)\(right ?? "-")" }
        }
        #expect(outcome.lines == ["a=1-@0", "b=2-@20", "a=31@21", "a=13@21"])
    }

    @Test("a buffer's changelog has the settings that it was given, or is not there")
    func changelog() throws {
        let builder = StreamsBuilder()
        let table = builder.table("in", key: .string, value: .string)
        table.suppress(
            .untilTimeLimit(.seconds(1), buffer: .unbounded.changelog(["segment.ms": "600000"])), named: "logged")
        table.suppress(.untilTimeLimit(.seconds(1), buffer: .unbounded.withoutChangelog()), named: "unlogged")
        let stores = try builder.build().subtopologies.flatMap(\.stores)
        let logged = try #require(stores.first { $0.name == "logged-store" })
        #expect(logged.changelogTopicConfiguration["segment.ms"] == "600000")
        #expect(stores.first { $0.name == "unlogged-store" }?.changelogTopic == nil)
    }

    @Test("a table that cannot be held back until windows close is reported")
    func problems() throws {
        let builder = StreamsBuilder()
        let counts = builder.stream("in", key: .string, value: .string).groupByKey()
            .windowedBy(.tumbling(.seconds(1))).count()
        counts.suppress(.untilWindowCloses(buffer: .bounded(maxRecords: 1, whenFull: .emitEarly)), named: "early")
        let message = try #require(#expect(throws: StreamsError.self) { try builder.build() }).message
        #expect(message.contains("early: a buffer that emits early hands on results that are not final"))
    }
}
