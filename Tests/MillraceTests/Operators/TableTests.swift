import Millrace
import MillraceTesting
import Testing

@Suite("Tables")
struct TableTests {
    private let records = [
        text("a", "apple", 5), text("b", "", 2), text("a", "ant", 3), text(nil, "x", 6), text("a", nil, 7),
        text("c", nil, 8),
    ]

    @Test("the newest record by offset is a key's value, whatever its timestamp")
    func newest() throws {
        let kept = try runTable(records, key: .string, value: .string, store: .store("t")) { $0 }
        #expect(kept.lines == ["a=apple@5", "b=@2", "a=ant@3", "a=-@7"])
        #expect(kept.dropped == [.nullKey: 1])
    }

    @Test("a table that need not be kept forwards every change")
    func unmaterialized() throws {
        let outcome = try runTable(records, key: .string, value: .string) { $0 }
        #expect(outcome.lines == ["a=apple@5", "b=@2", "a=ant@3", "a=-@7", "c=-@8"])
    }

    @Test("filter deletes entries from its result that no longer match")
    func filter() throws {
        let isLong: @Sendable (String, String) -> Bool = { _, value in value.count > 3 }
        let plain = try runTable(records, key: .string, value: .string) { $0.filter(isLong) }
        #expect(plain.lines == ["a=apple@5", "b=-@2", "a=-@3", "a=-@7", "c=-@8"])
        let ofKept = try runTable(records, key: .string, value: .string, store: .store("t")) { $0.filter(isLong) }
        #expect(ofKept.lines == ["a=apple@5", "a=-@3"])
        let kept = try runTable(records, key: .string, value: .string) { $0.filter(into: .store("f"), isLong) }
        #expect(kept.lines == ["a=apple@5", "a=-@3"])
    }

    @Test("filterNot is filter's opposite")
    func filterNot() throws {
        let outcome = try runTable(records, key: .string, value: .string, store: .store("t")) { table in
            table.filterNot { _, value in value.isEmpty }
        }
        #expect(outcome.lines == ["a=apple@5", "a=ant@3", "a=-@7"])
    }

    @Test("mapValues maps values, not deletions; nil deletes")
    func mapValues() throws {
        let outcome = try runTable(records, key: .string, value: .int64) { table in
            table.mapValues { value in value.isEmpty ? nil : Int64(value.count) }
        }
        #expect(outcome.records.map(\.value) == [5, nil, 3, nil, nil])
        let withKeys = try runTable(records, key: .string, value: .string) {
            $0.mapValues { key, value in key + value }
        }
        #expect(withKeys.lines == ["a=aapple@5", "b=b@2", "a=aant@3", "a=-@7", "c=-@8"])
    }

    @Test("the result of a mapping can be kept under a name and queried")
    func materialized() throws {
        let builder = StreamsBuilder()
        let lengths = builder.table("in", key: .string, value: .string)
            .mapValues(into: .store("lengths", value: .int64)) { value in Int64(value.count) }
        #expect(lengths.storeName == "lengths")
        let driver = try TopologyTestDriver(builder.build())
        let input = driver.inputTopic("in", key: .string, value: .string)
        for record in records { try input.pipe(key: record.key, value: record.value, timestampMs: record.timestampMs) }
        let store = try #require(driver.keyValueStore("lengths", key: .string, value: .int64))
        var entries: [String] = []
        try store.scan { key, stored in
            entries.append("\(key)=\(stored.value)@\(stored.timestampMs)")
            return true
        }
        #expect(entries == ["b=0@2"])
        #expect((driver.keyValueStore("others", key: .string, value: .int64) as Any?) == nil)
    }

    @Test("toTable makes a table of a stream, through a repartition topic where its key has changed")
    func toTable() throws {
        #expect(
            try run(records) { $0.toTable(into: .store("t")).toStream() }.lines == [
                "a=apple@5", "b=@2", "a=ant@3", "a=-@7",
            ])
        let rekeyed = try run([text("x", "ant", 1), text("y", "ape", 2)]) { stream in
            stream.selectKey { _, value in value.first.map(String.init) }.toTable(into: .store("t")).toStream()
        }
        #expect(rekeyed.lines == ["a=ant@1", "a=ape@2"])
    }

    @Test("a reused source topic is the table's changelog")
    func reusedSource() throws {
        let builder = StreamsBuilder()
        builder.table("in", key: .string, value: .string, into: .store("t")).toStream().to("out")
        let driver = try TopologyTestDriver(builder.build(optimization: .reuseTableSourceTopics))
        try driver.inputTopic("in", key: .string, value: .string).pipe(key: "a", value: "1")
        #expect(driver.unreadTopics == ["out"])
    }
}
