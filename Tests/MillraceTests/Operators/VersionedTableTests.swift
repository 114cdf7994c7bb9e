import Millrace
import MillraceTesting
import Testing

@Suite("Versioned tables")
struct VersionedTableTests {
    /// With a history of 100 ms.
    private let versioned = Materialized<String, String>.versioned("versions", historyRetention: .milliseconds(100))

    private func sides(_ builder: StreamsBuilder) -> (KStream<String, String>, KTable<String, String>) {
        (
            builder.stream("left", key: .string, value: .string),
            builder.table("right", key: .string, value: .string, into: versioned)
        )
    }

    @Test("a stream's record gets the value that its key had at the record's time")
    func asOf() throws {
        let outcome = try runSides([
            (.right, text("a", "A10", 10)), (.right, text("a", "A20", 20)), (.right, text("a", nil, 30)),
            (.right, text("a", "A15", 15)), (.left, text("a", "before", 9)), (.left, text("a", "at", 10)),
            (.left, text("a", "between", 19)), (.left, text("a", "late", 29)), (.left, text("a", "deleted", 30)),
            (.right, text("a", "A40", 40)), (.left, text("a", "gap", 39)), (.left, text("a", "now", 500)),
        ]) { builder in
            let (stream, table) = sides(builder)
            return stream.leftJoin(table) { "\($0)|\($1 ?? "-")" }
        }
        #expect(
            outcome.lines == [
                "a=before|-@9", "a=at|A10@10", "a=between|A15@19", "a=late|A20@29", "a=deleted|-@30", "a=gap|-@39",
                "a=now|A40@500",
            ])
    }

    @Test("what is computed of a versioned table has its versions too, unless it has a store of its own")
    func computed() throws {
        let records: [(Side, Text)] = [
            (.right, text("a", "one", 10)), (.right, text("a", "two", 20)), (.left, text("a", "x", 12)),
        ]
        for (store, value) in [(nil, "ONE"), (Materialized<String, String>.store("computed"), "TWO")] {
            let outcome = try runSides(records) { builder in
                let (stream, table) = sides(builder)
                return stream.join(
                    table.filter { _, value in value.count == 3 }.mapValues(into: store) { value in value.uppercased() }
                ) {
                    "\($0)|\($1)"
                }
            }
            #expect(outcome.lines == ["a=x|\(value)@12"])
        }
    }

    @Test("a record that came out of order is a change; one older than the history is not, and is counted")
    func changes() throws {
        let outcome = try runTable(
            [
                text("a", "first", 200), text("a", "earlier", 150), text("b", "too late", 99),
                text("b", "just in time", 100), text(nil, "x", 200),
            ],
            key: .string, value: .string, store: versioned
        ) { $0 }
        #expect(outcome.lines == ["a=first@200", "a=earlier@150", "b=just in time@100"])
        #expect(outcome.dropped == [.expired: 1, .nullKey: 1])
    }

    @Test("the aggregate of a versioned table is one of the latest values")
    func aggregate() throws {
        let records = [
            text("a", "x", 10), text("a", "y", 5), text("b", "x", 11), text("a", "z", 20), text("b", nil, 15),
        ]
        let outcome = try runTable(records, key: .string, value: .string, store: versioned) { table in
            table.groupBy(key: .string, value: .string) { _, value in ("g", value) }.reduce(
                into: Materialized.store().withoutCache()
            ) {
                "\($0)+\($1)"
            } subtractor: {
                "\($0)-\($1)"
            }
        }
        #expect(outcome.lines == ["g=x@10", "g=x+x@11", "g=x+x-x+z@20", "g=x+x-x+z-x@20"])
    }

    @Test("a join of versioned tables leaves out what came out of order, on either side")
    func tableJoin() throws {
        let outcome = try runSides([
            (.left, text("a", "L10", 10)), (.right, text("a", "R20", 20)), (.right, text("a", "R15", 15)),
            (.left, text("a", "L5", 5)), (.left, text("a", "L30", 30)),
        ]) { builder in
            let left = builder.table(
                "left", key: .string, value: .string, into: .versioned("l", historyRetention: .milliseconds(100)))
            let right = builder.table("right", key: .string, value: .string, into: versioned)
            return left.join(right) { "\($0)|\($1)" }.toStream()
        }
        #expect(outcome.lines == ["a=L10|R20@20", "a=L30|R20@30"])
        #expect(outcome.dropped == [.outOfOrder: 2])
    }

    @Test("a foreign-key join of versioned tables leaves out what came out of order, on either side")
    func foreignKeyJoin() throws {
        let outcome = try runSides([
            (.right, text("k", "R20", 20)), (.left, text("a", "k1", 10)), (.right, text("k", "R15", 15)),
            (.left, text("a", "k0", 5)), (.right, text("k", "R30", 30)),
        ]) { builder in
            let left = builder.table(
                "left", key: .string, value: .string, into: .versioned("l", historyRetention: .milliseconds(100)))
            let right = builder.table("right", key: .string, value: .string, into: versioned)
            return left.join(right, on: { _, value in String(value.prefix(1)) }) { "\($0)|\($1)" }.toStream()
        }
        #expect(outcome.lines == ["a=k1|R20@20", "a=k1|R30@30"])
        #expect(outcome.dropped == [.outOfOrder: 2])
    }

    @Test("with a grace period records wait, in the order of their times, for the table to catch up")
    func grace() throws {
        let outcome = try runSides([
            (.left, text("a", "1", 10)), (.left, text("b", "2", 8)), (.right, text("a", "A", 9)),
            (.left, text("a", "3", 10)), (.left, text(nil, "4", 10)), (.left, text("a", nil, 10)),
            (.left, text("c", "5", 20)), (.left, text("a", "6", 14)), (.left, text("a", "7", 15)),
            (.right, text("c", "C", 20)), (.left, text("d", "8", 100)),
        ]) { builder in
            let (stream, table) = sides(builder)
            return stream.leftJoin(table, grace: .milliseconds(5), named: "waiting") { "\($0)|\($1 ?? "-")" }
        }
        #expect(
            outcome.lines == [
                "-=4|-@10", "b=2|-@8", "a=1|A@10", "a=3|A@10", "a=6|A@14", "a=7|A@15", "c=5|C@20",
            ])
        #expect(outcome.dropped == [.nullKeyOrValue: 1])
    }

    @Test("a grace period needs a versioned table, and a versioned table cannot be suppressed")
    func problems() throws {
        let builder = StreamsBuilder()
        let (stream, table) = sides(builder)
        let plain = builder.table("plain", key: .string, value: .string)
        stream.join(plain, grace: .seconds(1), named: "graced") { "\($0)\($1)" }.to("out")
        stream.join(table.mapValues { $0 + "!" }, grace: .seconds(1)) { "\($0)\($1)" }.to("fine")
        table.suppress(.untilTimeLimit(.seconds(1)), named: "held").toStream().to("later")
        _ = builder.globalTable("global", key: .string, value: .string, into: versioned, named: "everywhere")
        builder.table(
            "short", key: .string, value: .string, into: .versioned("short", historyRetention: .milliseconds(-1)))
        builder.stream("windowed", key: .string, value: .string).groupByKey()
            .windowedBy(.tumbling(.seconds(1)))
            .count(into: .versioned("windows", historyRetention: .seconds(10)))
        let error = #expect(throws: StreamsError.self) { try builder.build() }
        #expect(error?.description.contains("everywhere: a global table cannot be versioned") == true)
        #expect(error?.description.contains("a history of -1 ms") == true)
        #expect(error?.description.contains("windows cannot be kept in a versioned store") == true)
        #expect(error?.description.contains("graced: a join with a grace period needs a versioned table") == true)
        #expect(error?.description.contains("cannot be suppressed") == true)
    }

    @Test("a stream's table and an aggregation can be versioned too")
    func madeOfStreams() throws {
        let records: [(Side, Text)] = [
            (.right, text("a", "one", 10)), (.right, text("a", "two", 20)), (.right, text("a", "three", 15)),
            (.left, text("a", "x", 17)),
        ]
        for (isCount, value) in [(false, "three"), (true, "1")] {
            let outcome = try runSides(records) { builder in
                let stream = builder.stream("right", key: .string, value: .string)
                let table =
                    isCount
                    ? stream.groupByKey()
                        .count(into: .versioned("counts", historyRetention: .milliseconds(100))).mapValues { "\($0)" }
                    : stream.toTable(into: versioned)
                return builder.stream("left", key: .string, value: .string).join(table) { "\($0)|\($1)" }
            }
            #expect(outcome.lines == ["a=x|\(value)@17"])
        }
    }

    @Test("the driver reads a versioned store")
    func driver() throws {
        let builder = StreamsBuilder()
        builder.table("in", key: .string, value: .string, into: versioned)
        let driver = try TopologyTestDriver(builder.build())
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(key: "a", value: "1", timestampMs: 10)
        try input.pipe(key: "a", value: "2", timestampMs: 20)
        let store = try #require(driver.versionedKeyValueStore("versions", key: .string, value: .string))
        #expect(try store.get("a")?.value == "2")
        #expect(try store.get("a", asOfMs: 19) == ValueAndTimestamp(value: "1", timestampMs: 10))
        #expect(try store.get("a", asOfMs: 9) == nil)
        #expect(driver.keyValueStore("versions", key: .string, value: .string) != nil)
    }
}
