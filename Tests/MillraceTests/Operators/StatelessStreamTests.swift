import Millrace
import Testing

@Suite("Stateless operators of a stream")
struct StatelessStreamTests {
    @Test("a record passes unchanged, with its headers, empty value and nulls")
    func passThrough() throws {
        let outcome = try run { $0 }
        #expect(outcome.records == everyKindOfRecord)
        #expect(outcome.dropped.isEmpty)
    }

    @Test("filter keeps what holds, never a tombstone")
    func filter() throws {
        #expect(try run { $0.filter { _, value in value.count < 6 } }.lines == ["a=apple@1", "c=@3"])
        #expect(try run { $0.filter { key, _ in key == nil } }.lines == ["-=banana@2"])
        #expect(try run { $0.filter { record in record.value == nil } }.lines == ["d=-@4", "-=-@5"])
    }

    @Test("filterNot drops what holds, never a tombstone")
    func filterNot() throws {
        #expect(try run { $0.filterNot { _, value in value.count < 6 } }.lines == ["-=banana@2", "d=-@4", "-=-@5"])
        #expect(
            try run { $0.filterNot { record in record.value == nil } }.lines == ["a=apple@1", "-=banana@2", "c=@3"])
    }

    @Test("mapValues leaves keys and tombstones alone; nil makes a tombstone")
    func mapValues() throws {
        #expect(
            try run { $0.mapValues { value in value.isEmpty ? nil : value.uppercased() } }.lines == [
                "a=APPLE@1", "-=BANANA@2", "c=-@3", "d=-@4", "-=-@5",
            ])
        #expect(
            try run { $0.mapValues { key, value in "\(key ?? "?")\(value)" } }.lines == [
                "a=aapple@1", "-=?banana@2", "c=c@3", "d=-@4", "-=-@5",
            ])
        let counts = try run(key: .string, value: .int64) { $0.mapValues { value in Int64(value.count) } }
        #expect(counts.records.map(\.value) == [5, 6, 0, nil, nil])
        #expect(counts.records.first?.headers == everyKindOfRecord.first?.headers)
    }

    @Test("mapRecordValues sees tombstones too")
    func mapRecordValues() throws {
        #expect(
            try run { $0.mapRecordValues { record in record.value ?? "gone at \(record.timestampMs)" } }.lines == [
                "a=apple@1", "-=banana@2", "c=@3", "d=gone at 4@4", "-=gone at 5@5",
            ])
    }

    @Test("map of key and value drops and counts tombstones")
    func map() throws {
        let outcome = try run { $0.map { key, value in (value, key) } }
        #expect(outcome.lines == ["apple=a@1", "banana=-@2", "=c@3"])
        #expect(outcome.dropped == [.nullValue: 2])
        #expect(outcome.records.first?.headers == everyKindOfRecord.first?.headers)
    }

    @Test("map of the record sees tombstones too")
    func mapRecord() throws {
        let outcome = try run { $0.map { record in (record.value, record.key) } }
        #expect(outcome.lines == ["apple=a@1", "banana=-@2", "=c@3", "-=d@4", "-=-@5"])
        #expect(outcome.dropped.isEmpty)
    }

    @Test("selectKey of key and value drops and counts tombstones")
    func selectKey() throws {
        let outcome = try run { $0.selectKey { _, value in value.first.map(String.init) } }
        #expect(outcome.lines == ["a=apple@1", "b=banana@2", "-=@3"])
        #expect(outcome.dropped == [.nullValue: 2])
        let ofRecords = try run { $0.selectKey { record in "\(record.timestampMs)" } }
        #expect(ofRecords.lines == ["1=apple@1", "2=banana@2", "3=@3", "4=-@4", "5=-@5"])
    }

    @Test("flatMapValues makes several records of one, none of a tombstone")
    func flatMapValues() throws {
        let records = [text("a", "x y", 1), text(nil, "z", 2), text("b", "", 3), text("c", nil, 4)]
        let split = try run(records) { $0.flatMapValues { value in value.split(separator: " ").map(String.init) } }
        #expect(split.lines == ["a=x@1", "a=y@1", "-=z@2"])
        #expect(split.dropped == [.nullValue: 1])
        #expect(
            try run(records) { $0.flatMapValues { key, value in [key ?? "?", value] } }.lines == [
                "a=a@1", "a=x y@1", "-=?@2", "-=z@2", "b=b@3", "b=@3",
            ])
    }

    @Test("flatMap makes several records with keys of their own")
    func flatMap() throws {
        let records = [text("a", "x", 1), text("b", nil, 2)]
        let outcome = try run(records) { $0.flatMap { key, value in [(value, key), (nil, nil)] } }
        #expect(outcome.lines == ["x=a@1", "-=-@1"])
        #expect(outcome.dropped == [.nullValue: 1])
        #expect(
            try run(records) { $0.flatMap { record in [(record.key, record.value ?? "gone")] } }.lines == [
                "a=x@1", "b=gone@2",
            ])
    }

    @Test("merge takes the records of both streams, in the order in which the operators were added")
    func merge() throws {
        #expect(
            try run([text("a", "x", 1)]) { stream in stream.merge(stream.mapValues { value in value + "2" }) }.lines
                == [
                    "a=x2@1", "a=x@1",
                ])
    }

    @Test("split gives a record to the first branch that wants it")
    func split() throws {
        let outcome = try run { stream in
            let split = stream.split(named: "by-")
            let short = split.branch("short") { _, value in value.count < 6 }
            let tombstones = split.branch("tombstones") { record in record.value == nil }
            let rest = split.defaultBranch("rest")
            return short.mapValues { value in "short " + value }
                .merge(tombstones.mapRecordValues { _ in "tombstone" })
                .merge(rest.mapValues { value in "rest " + value })
        }
        #expect(
            outcome.lines == ["a=short apple@1", "-=rest banana@2", "c=short @3", "d=tombstone@4", "-=tombstone@5"])
    }

    @Test("without a default branch the rest goes nowhere")
    func splitWithoutDefault() throws {
        #expect(try run { $0.split().branch { key, _ in key == "a" } }.lines == ["a=apple@1"])
    }

    @Test("repartition sends records through a topic by their key and drops those without one")
    func repartition() throws {
        let outcome = try run { $0.repartition(named: "by-key") }
        #expect(outcome.lines == ["a=apple@1", "c=@3", "d=-@4"])
        #expect(outcome.records.first?.headers == everyKindOfRecord.first?.headers)
        #expect(outcome.dropped == [.nullKey: 2])
    }

    @Test("to writes with its own serdes and chooses the partition where it is told to")
    func to() throws {
        let outcome = try run(key: .string, value: .int64) { stream in
            stream.filter { record in record.value != nil }.mapValues { value in Int64(value.count) }
        }
        #expect(outcome.records.map(\.value) == [5, 6, 0])
    }
}
