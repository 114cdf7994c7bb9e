import Millrace
import MillraceTesting
import Testing

@Suite("Joins of tables")
struct TableJoinTests {
    typealias Table = KTable<String, String>

    enum Kind: CaseIterable {
        case inner, left, outer

        func join(
            _ left: Table, _ right: Table, into store: Materialized<String, String>? = nil, named name: String? = nil
        ) -> Table {
            switch self {
            case .inner: left.join(right, into: store, named: name) { "\($0)|\($1)" }
            case .left: left.leftJoin(right, into: store, named: name) { "\($0)|\($1 ?? "-")" }
            case .outer: left.outerJoin(right, into: store, named: name) { "\($0 ?? "-")|\($1 ?? "-")" }
            }
        }
    }

    /// What is there, what comes, and what each join makes of the latter: lines, or none.
    struct Case {
        var before: [(Side, Text)]
        var change: (Side, Text)
        var results: [Kind: [String]]
    }

    private static let left: (Side, Text) = (.left, text("k", "L", 5))
    private static let right: (Side, Text) = (.right, text("k", "R", 7))

    /// Left and right, each missing, present or deleted, and a value or a deletion that comes on either side.
    private static let cases: [Case] = [
        // Nothing is there.
        Case(before: [], change: left, results: [.left: ["k=L|-@5"], .outer: ["k=L|-@5"]]),
        Case(before: [], change: right, results: [.outer: ["k=-|R@7"]]),
        Case(before: [], change: (.left, text("k", nil, 5)), results: [:]),
        Case(before: [], change: (.right, text("k", nil, 7)), results: [:]),
        // The other side is there.
        Case(
            before: [right], change: left,
            results: [.inner: ["k=L|R@7"], .left: ["k=L|R@7"], .outer: ["k=L|R@7"]]),
        Case(
            before: [left], change: right,
            results: [.inner: ["k=L|R@7"], .left: ["k=L|R@7"], .outer: ["k=L|R@7"]]),
        Case(before: [right], change: (.left, text("k", nil, 9)), results: [:]),
        Case(before: [left], change: (.right, text("k", nil, 9)), results: [:]),
        // This side is there.
        Case(
            before: [left], change: (.left, text("k", nil, 9)), results: [.left: ["k=-@9"], .outer: ["k=-@9"]]),
        Case(before: [right], change: (.right, text("k", nil, 9)), results: [.outer: ["k=-@9"]]),
        Case(
            before: [left], change: (.left, text("k", "M", 3)),
            results: [.left: ["k=M|-@3"], .outer: ["k=M|-@3"]]),
        // Both are there.
        Case(
            before: [left, right], change: (.left, text("k", "M", 3)),
            results: [.inner: ["k=M|R@7"], .left: ["k=M|R@7"], .outer: ["k=M|R@7"]]),
        Case(
            before: [left, right], change: (.left, text("k", nil, 9)),
            results: [.inner: ["k=-@9"], .left: ["k=-@9"], .outer: ["k=-|R@9"]]),
        Case(
            before: [left, right], change: (.right, text("k", nil, 6)),
            results: [.inner: ["k=-@6"], .left: ["k=L|-@6"], .outer: ["k=L|-@6"]]),
        // The other side was deleted.
        Case(
            before: [right, (.right, text("k", nil, 8))], change: left,
            results: [.left: ["k=L|-@5"], .outer: ["k=L|-@5"]]),
        Case(
            before: [left, (.left, text("k", nil, 8))], change: right, results: [.outer: ["k=-|R@7"]]),
        // Another key is no match, and a record without a key is dropped.
        Case(
            before: [(.right, text("other", "R", 7))], change: left,
            results: [.left: ["k=L|-@5"], .outer: ["k=L|-@5"]]),
        Case(before: [right], change: (.left, text(nil, "L", 5)), results: [:]),
    ]

    private func join(
        _ kind: Kind, _ builder: StreamsBuilder, into store: Materialized<String, String>? = nil
    ) -> Table {
        let left = builder.table("left", key: .string, value: .string)
        return kind.join(left, builder.table("right", key: .string, value: .string), into: store)
    }

    @Test("a change of either side has the results of the join's kind", arguments: Kind.allCases)
    func change(_ kind: Kind) throws {
        for (index, row) in Self.cases.enumerated() {
            let before = try runSides(row.before) { join(kind, $0).toStream() }
            let after = try runSides(row.before + [row.change]) { join(kind, $0).toStream() }
            #expect(
                Array(after.lines.dropFirst(before.lines.count)) == row.results[kind] ?? [], "case \(index)")
        }
    }

    @Test("without a cache the deletion of what a side never had is joined too", arguments: Kind.allCases)
    func uncached(_ kind: Kind) throws {
        let outcome = try runSides([Self.right, (.left, text("k", nil, 9))]) { builder in
            let left = builder.table(
                "left", key: .string, value: .string, into: Materialized.store("l").withoutCache())
            return kind.join(left, builder.table("right", key: .string, value: .string)).toStream()
        }
        #expect(outcome.lines.last == (kind == .outer ? "k=-|R@9" : "k=-@9"))
    }

    @Test("a kept result forwards no deletion of a key that it never had", arguments: Kind.allCases)
    func materialized(_ kind: Kind) throws {
        for (index, row) in Self.cases.enumerated() {
            let kept = try runSides(row.before + [row.change]) { join(kind, $0, into: .store("j")).toStream() }
            var known: Set<String> = []
            for record in kept.records {
                let key = try #require(record.key)
                #expect(record.value != nil || known.contains(key), "case \(index)")
                if record.value == nil { known.remove(key) } else { known.insert(key) }
            }
        }
    }

    @Test("a kept result can be queried, with the later of the two timestamps")
    func query() throws {
        let builder = StreamsBuilder()
        #expect(join(.outer, builder, into: .store("j")).storeName == "j")
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("left", key: .string, value: .string).pipe(key: "a", value: "L", timestampMs: 9)
        try driver.inputTopic("right", key: .string, value: .string).pipe(key: "a", value: "R", timestampMs: 4)
        try driver.inputTopic("right", key: .string, value: .string).pipe(key: "b", value: "R", timestampMs: 5)
        let store = try #require(driver.keyValueStore("j", key: .string, value: .string))
        #expect(try store.get("a") == ValueAndTimestamp(value: "L|R", timestampMs: 9))
        #expect(try store.get("b") == ValueAndTimestamp(value: "-|R", timestampMs: 5))
    }

    @Test("a side that is not kept is computed from the tables upstream", arguments: Kind.allCases)
    func computed(_ kind: Kind) throws {
        let outcome = try runSides([
            (.right, text("k", "long", 1)), (.left, text("k", "a", 2)), (.right, text("k", "no", 3)),
            (.left, text("k", "b", 4)),
        ]) { builder in
            let right = builder.table("right", key: .string, value: .string)
                .filter { _, value in value.count > 2 }.mapValues { value in value.uppercased() }
            return kind.join(builder.table("left", key: .string, value: .string), right).toStream()
        }
        switch kind {
        case .inner: #expect(outcome.lines == ["k=a|LONG@2", "k=-@3"])
        case .left: #expect(outcome.lines == ["k=a|LONG@2", "k=a|-@3", "k=b|-@4"])
        case .outer: #expect(outcome.lines == ["k=-|LONG@1", "k=a|LONG@2", "k=a|-@3", "k=b|-@4"])
        }
    }

    @Test("joins can be joined, with the result of the first computed from its two tables")
    func threeWay() throws {
        let outcome = try runSides([
            (.left, text("k", "1", 1)), (.right, text("k", "2", 5)), (.left, text("k", "3", 2)),
        ]) { builder in
            let left = builder.table("left", key: .string, value: .string)
            let joined = join(left, builder.table("right", key: .string, value: .string))
            return left.mapValues { $0 + "!" }.leftJoin(joined) { "\($0) \($1 ?? "-")" }.toStream()
        }
        #expect(outcome.lines.last == "k=3! 3|2@5")
        #expect(outcome.lines.contains("k=1! 1|2@5"))
    }

    private func join(_ left: Table, _ right: Table) -> Table { Kind.inner.join(left, right) }

    @Test("a table can be joined with itself and with an aggregation")
    func selfJoin() throws {
        let twice = try runTable([text("k", "a", 1), text("k", "b", 2)], key: .string, value: .string) { table in
            table.join(table) { $0 + $1 }
        }
        #expect(twice.lines == ["k=aa@1", "k=aa@1", "k=bb@2", "k=bb@2"])
        let counted = try runSides([(.left, text("k", "x", 1)), (.right, text("k", "y", 2))]) { builder in
            let counts = builder.stream("left", key: .string, value: .string).groupByKey().count()
            return counts.join(builder.table("right", key: .string, value: .string)) { "\($0)\($1)" }.toStream()
        }
        #expect(counted.lines == ["k=1y@2"])
    }

    @Test("a joiner's nil deletes")
    func nilDeletes() throws {
        let outcome = try runSides([Self.left, Self.right, (.right, text("k", "gone", 8))]) { builder in
            builder.table("left", key: .string, value: .string)
                .join(builder.table("right", key: .string, value: .string), into: .store("j")) { left, right in
                    right == "gone" ? nil : left + right
                }.toStream()
        }
        #expect(outcome.lines == ["k=LR@7", "k=-@8"])
    }

    @Test("a grouping downstream of a join subtracts the join's previous result", arguments: Kind.allCases)
    func oldValues(_ kind: Kind) throws {
        let outcome = try runSides([Self.left, Self.right, (.left, text("k", "M", 8)), (.right, text("k", nil, 9))]) {
            join(kind, $0).groupBy { key, value in (key, value) }
                .aggregate(into: .with(), initial: "") { _, value, sum in
                    sum + "+\(value)"
                } subtractor: { _, value, sum in
                    sum + "-\(value)"
                }.toStream()
        }
        let last = try #require(outcome.records.last?.value)
        switch kind {
        case .inner: #expect(last == "+L|R-L|R+M|R-M|R")
        case .left, .outer: #expect(last == "+L|--L|-+L|R-L|R+M|R-M|R+M|-")
        }
    }

    @Test("an error in a joiner, or in a closure of a table that is computed for it, goes to the processing handler")
    func errors() throws {
        struct Refused: Error {}
        let builder = StreamsBuilder()
        let right = builder.table("right", key: .string, value: .string).mapValues { value in
            if value == "bad" { throw Refused() }
            return value
        }
        builder.table("left", key: .string, value: .string).join(right, named: "joining") { left, right in
            if left == "bad" { throw Refused() }
            return left + right
        }.toStream().to("out")
        let driver = try TopologyTestDriver(builder.build(), errorHandlers: ErrorHandlers(processing: .continue))
        let (left, other) = (
            driver.inputTopic("left", key: .string, value: .string),
            driver.inputTopic("right", key: .string, value: .string)
        )
        try other.pipe(key: "a", value: "bad")
        try left.pipe(key: "a", value: "x")
        try other.pipe(key: "a", value: "good")
        try left.pipe(key: "a", value: "bad")
        #expect(driver.droppedRecords == [.processing: 3])
        #expect(try driver.outputTopic("out", key: .string, value: .string).readRecords().map(\.value) == ["xgood"])
    }

    @Test("a join is named with its two sides, and connects all to one sub-topology")
    func description() throws {
        let builder = StreamsBuilder()
        _ = Kind.inner.join(
            builder.table("left", key: .string, value: .string), builder.table("right", key: .string, value: .string),
            named: "both")
        let text = try builder.build().describe()
        #expect(text.contains("Processor: both-join-this (stores: [right-STATE-STORE-0000000003])"))
        #expect(text.contains("Processor: both-join-other (stores: [left-STATE-STORE-0000000000])"))
        #expect(text.contains("<-- both-join-this, both-join-other"))
        #expect(!text.contains("Sub-topology: 1"))
    }

    @Test("a join that is kept without a name gets a generated one")
    func generatedStore() throws {
        let builder = StreamsBuilder()
        let table = join(.inner, builder, into: .with())
        #expect(table.storeName == "KTABLE-MERGE-STATE-STORE-0000000006")
        #expect(
            try builder.build().describe().contains(
                "Processor: KTABLE-MERGE-0000000007 (stores: [KTABLE-MERGE-STATE-STORE-0000000006])"))
    }
}
