import Millrace
import MillraceTesting
import Testing

@Suite("Joins of streams with tables")
struct StreamTableJoinTests {
    /// The table's entries, one of them deleted again, then records of the stream, of every kind.
    private let records: [(Side, Text)] = [
        (.right, text("a", "A", 50)), (.right, text("b", "B", 1)), (.right, text("b", nil, 2)),
        (.left, text("a", "1", 10)), (.left, text("b", "2", 11)), (.left, text("c", "3", 12)),
        (.left, text(nil, "4", 13)), (.left, text("a", nil, 14)), (.left, text(nil, nil, 15)),
        (.right, text("a", "later", 60)),
    ]

    private func sides(_ builder: StreamsBuilder) -> (KStream<String, String>, KTable<String, String>) {
        (
            builder.stream("left", key: .string, value: .string),
            builder.table("right", key: .string, value: .string)
        )
    }

    @Test("an inner join has a result where the table has a value; the stream's timestamp is kept")
    func inner() throws {
        let outcome = try runSides(records) { builder in
            let (stream, table) = sides(builder)
            return stream.join(table) { "\($0)|\($1)" }
        }
        #expect(outcome.lines == ["a=1|A@10"])
        #expect(outcome.dropped == [.nullKeyOrValue: 3])
    }

    @Test("a left join has a result for every value, that of a null key too")
    func left() throws {
        let outcome = try runSides(records) { builder in
            let (stream, table) = sides(builder)
            return stream.leftJoin(table) { "\($0)|\($1 ?? "-")" }
        }
        #expect(outcome.lines == ["a=1|A@10", "b=2|-@11", "c=3|-@12", "-=4|-@13"])
        #expect(outcome.dropped == [.nullKeyOrValue: 2])
    }

    @Test("a joiner's nil makes a tombstone, and headers stay")
    func tombstone() throws {
        let header = Header(name: "h", value: [1])
        var record = text("a", "1", 10)
        record.headers = [header]
        let outcome = try runSides([(.right, text("a", "A", 1)), (.left, record)]) { builder in
            let (stream, table) = sides(builder)
            return stream.join(table) { _, _ in nil }
        }
        #expect(outcome.lines == ["a=-@10"])
        #expect(outcome.records.map(\.headers) == [[header]])
    }

    @Test("a table that is computed is looked up in the tables behind it")
    func computed() throws {
        let outcome = try runSides(records) { builder in
            let (stream, table) = sides(builder)
            return stream.join(table.mapValues { $0.lowercased() }) { "\($0)|\($1)" }
        }
        #expect(outcome.lines == ["a=1|a@10"])
    }

    @Test("a changed key goes through a repartition topic; null keys pass it only before a left join")
    func repartition() throws {
        for keepsNullKeys in [false, true] {
            let outcome = try runSides([
                (.right, text("x", "X", 1)), (.left, text("k", "x", 2)), (.left, text("k", "none", 3)),
            ]) { builder in
                let (stream, table) = sides(builder)
                let moved = stream.selectKey { _, value in value == "none" ? nil : value }
                return keepsNullKeys
                    ? moved.leftJoin(table, named: "j") { "\($0)|\($1 ?? "-")" }
                    : moved.join(table, named: "j") { "\($0)|\($1)" }
            }
            #expect(outcome.lines == (keepsNullKeys ? ["x=x|X@2", "-=none|-@3"] : ["x=x|X@2"]))
            #expect(outcome.dropped == (keepsNullKeys ? [:] : [.nullKey: 1]))
        }
    }

    @Test("joins of one stream share its repartition topic unless they have names")
    func sharedRepartition() throws {
        let builder = StreamsBuilder()
        let (stream, table) = sides(builder)
        let moved = stream.selectKey { _, value in value }
        moved.join(table) { $0 + $1 }.to("a")
        moved.leftJoin(table) { left, _ in left }.to("b")
        moved.join(table, named: "named") { $0 + $1 }.to("c")
        let topics = try builder.build().describe().split(separator: "\n").filter { $0.contains("-repartition)") }
        #expect(topics.count == 2)
        #expect(topics.contains { $0.contains("topic: named-repartition") })
    }
}
