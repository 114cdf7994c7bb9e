import Millrace
import MillraceTesting
import Testing

@Suite("Aggregations")
struct AggregationTests {
    private let records = [
        text("a", "x", 10), text("b", "y", 20), text("a", "z", 5), text(nil, "n", 30), text("a", nil, 40),
        text("b", "", 50),
    ]

    @Test("count counts the records of each key that have a value")
    func count() throws {
        let outcome = try run(records, key: .string, value: .int64) { $0.groupByKey().count().toStream() }
        #expect(outcome.records.map(\.key) == ["a", "b", "a", "b"])
        #expect(outcome.records.map(\.value) == [1, 1, 2, 2])
        #expect(outcome.dropped == [.nullKeyOrValue: 2])
    }

    @Test("an aggregate has the highest timestamp of its records")
    func timestamps() throws {
        let outcome = try run(records, key: .string, value: .int64) { $0.groupByKey().count().toStream() }
        #expect(outcome.records.map(\.timestampMs) == [10, 20, 10, 50])
    }

    @Test("reduce starts from the first value; nil deletes the key")
    func reduce() throws {
        let outcome = try run(records) { stream in
            stream.groupByKey().reduce { old, new in new == "z" ? nil : old + new }.toStream()
        }
        #expect(outcome.lines == ["a=x@10", "b=y@20", "a=-@5", "b=y@50"])
    }

    @Test("aggregate starts from the initial value, anew after nil")
    func aggregate() throws {
        let records = [text("a", "x", 1), text("a", "stop", 2), text("a", "y", 3), text("b", "stop", 4)]
        let outcome = try run(records) { stream in
            stream.groupByKey()
                .aggregate(into: .with(), initial: "0") { key, value, aggregate in
                    value == "stop" ? nil : aggregate + key + value
                }
                .toStream()
        }
        // The deletion of a missing key is not forwarded.
        #expect(outcome.lines == ["a=0ax@1", "a=-@2", "a=0ay@3"])
    }

    @Test("groupBy sends records through a repartition topic; tombstones and null keys are dropped and counted")
    func groupBy() throws {
        let outcome = try run(records) { stream in
            stream.groupBy { _, value in value.first.map(String.init) }.reduce { $0 + $1 }.toStream()
        }
        #expect(outcome.lines == ["x=x@10", "y=y@20", "z=z@5", "n=n@30"])
        #expect(outcome.dropped == [.nullValue: 1, .nullKey: 1])
    }

    @Test("a key change is repaired before the aggregation, not before")
    func lazyRepartition() throws {
        let builder = StreamsBuilder()
        let rekeyed = builder.stream("in", key: .string, value: .string).selectKey { _, value in value }
        rekeyed.mapValues { value in value }.to("direct")
        rekeyed.groupByKey().count(into: .store("counts"))
        let description = try builder.build().describe()
        #expect(description.contains("Sink: counts-repartition-sink (topic: counts-repartition)"))
        #expect(description.split(separator: "\n").count { $0.contains("Sink:") } == 2)
    }

    @Test("a grouped table subtracts the old value, then adds the new one")
    func groupedTable() throws {
        let records = [
            text("1", "a3", 1), text("2", "a4", 2), text("1", "b5", 3), text("2", nil, 4), text("1", "b6", 5),
        ]
        let outcome = try runTable(records, key: .string, value: .string) { table in
            table.groupBy { _, value in (String(value.prefix(1)), String(value.dropFirst())) }
                .reduce {
                    $0 + "+" + $1
                } subtractor: {
                    $0 + "-" + $1
                }
        }
        #expect(
            outcome.lines == ["a=3@1", "a=3+4@2", "a=3+4-3@3", "b=5@3", "a=3+4-3-4@4", "b=5-5+6@5"])
    }

    @Test("an entry of a table whose new key or value is nil is dropped")
    func groupedTableNil() throws {
        let records = [text("1", "a", 1), text("2", "", 2), text("1", "", 3)]
        let outcome = try runTable(records, key: .string, value: .int64) { table in
            table.groupBy { _, value in (value.first.map(String.init), value) }.count()
        }
        #expect(outcome.records.map(\.value) == [1, 0])
    }

    @Test("aggregate of a table gets the key in both directions")
    func groupedTableAggregate() throws {
        let records = [text("1", "a", 1), text("1", "b", 2)]
        let outcome = try runTable(records, key: .string, value: .string) { table in
            table.groupBy { _, value in ("k", value) }.aggregate(into: .with(), initial: "0") { key, value, aggregate in
                aggregate + "+" + key + value
            } subtractor: { key, value, aggregate in
                aggregate + "-" + key + value
            }
        }
        #expect(outcome.lines == ["k=0+ka@1", "k=0+ka-ka+kb@2"])
    }

    @Test("with a cache only the last of several changes within a commit is forwarded, without one each is")
    func cache() throws {
        let records = [text("a", "x y z", 1)]
        let words: (KStream<String, String>) -> KGroupedStream<String, String> = { stream in
            stream.flatMapValues { value in value.split(separator: " ").map(String.init) }.groupByKey()
        }
        #expect(try run(records) { words($0).reduce { $0 + $1 }.toStream() }.lines == ["a=xyz@1"])
        let uncached = try run(records) { stream in
            words(stream).reduce(into: .with().withoutCache()) { $0 + $1 }.toStream()
        }
        #expect(uncached.lines == ["a=x@1", "a=xy@1", "a=xyz@1"])
    }

    @Test("without a cache even the deletion of a missing key is forwarded")
    func uncachedDeletion() throws {
        let outcome = try run([text("a", "stop", 7)]) { stream in
            stream.groupByKey().aggregate(into: .with().withoutCache(), initial: "") { _, _, _ in nil }.toStream()
        }
        #expect(outcome.lines == ["a=-@7"])
    }

    @Test("the changelog has the plain value under the value's own timestamp; a store without one has none")
    func changelog() throws {
        let builder = StreamsBuilder()
        let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
        grouped.count(into: .store("logged"))
        grouped.count(into: .store("unlogged").withoutChangelog())
        let driver = try TopologyTestDriver(builder.build(), applicationID: "counting")
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(key: "a", value: "x", timestampMs: 9)
        try input.pipe(key: "a", value: "x", timestampMs: 2)
        #expect(driver.unreadTopics == ["counting-logged-changelog"])
        let changelog = try driver.outputTopic("counting-logged-changelog", key: .string, value: .int64).readRecords()
        #expect(changelog.map(\.value) == [1, 2])
        #expect(changelog.map(\.timestampMs) == [9, 9])
        let store = try #require(driver.keyValueStore("unlogged", key: .string, value: .int64))
        #expect(try store.get("a") == ValueAndTimestamp(value: 2, timestampMs: 9))
    }
}
