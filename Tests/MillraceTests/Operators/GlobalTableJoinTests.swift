import Millrace
import MillraceTesting
import Testing

/// The stream's values name the key to look up before a dot.
@Suite("Joins of streams with global tables")
struct GlobalTableJoinTests {
    private let records: [(Side, Text)] = [
        (.right, text("x", "X", 50)), (.right, text("y", "Y", 1)), (.right, text("y", nil, 2)),
        (.left, text("k1", "x.1", 10)), (.left, text("k2", "y.2", 11)), (.left, text("k3", "none", 12)),
        (.left, text(nil, "x.3", 13)), (.left, text(nil, "none", 14)), (.left, text("k4", nil, 15)),
        (.right, text("x", "later", 60)),
    ]

    private static let lookup: @Sendable (String?, String) -> String? = { _, value in
        value.firstIndex(of: ".").map { String(value[..<$0]) }
    }

    private func sides(_ builder: StreamsBuilder) -> (KStream<String, String>, GlobalKTable<String, String>) {
        (
            builder.stream("left", key: .string, value: .string),
            builder.globalTable("right", key: .string, value: .string)
        )
    }

    @Test("an inner join has a result where the table has a value for the key that was chosen")
    func inner() throws {
        let outcome = try runSides(records) { builder in
            let (stream, table) = sides(builder)
            return stream.join(table, on: Self.lookup) { "\($0)|\($1)" }
        }
        #expect(outcome.lines == ["k1=x.1|X@10", "-=x.3|X@13"])
        #expect(outcome.dropped == [.nullKeyOrValue: 3])
    }

    @Test("a left join has a result for every value, with or without a key to look up")
    func left() throws {
        let outcome = try runSides(records) { builder in
            let (stream, table) = sides(builder)
            return stream.leftJoin(table, on: Self.lookup) { "\($0)|\($1 ?? "-")" }
        }
        #expect(outcome.lines == ["k1=x.1|X@10", "k2=y.2|-@11", "k3=none|-@12", "-=x.3|X@13", "-=none|-@14"])
        #expect(outcome.dropped == [.nullKeyOrValue: 1])
    }

    @Test("a changed key needs no repartition topic")
    func noRepartition() throws {
        let outcome = try runSides(records) { builder in
            let (stream, table) = sides(builder)
            return stream.selectKey { _, value in value }.join(table, on: Self.lookup) { "\($0)|\($1)" }
        }
        #expect(outcome.lines == ["x.1=x.1|X@10", "x.3=x.3|X@13"])
    }

    @Test("the table's store can be read, and has no changelog")
    func store() throws {
        let builder = StreamsBuilder()
        let table = builder.globalTable("right", key: .string, value: .string, into: .store("global"))
        #expect(table.storeName == "global")
        let topology = try builder.build()
        #expect(topology.subtopologies.flatMap(\.stores).allSatisfy { $0.changelogTopic == nil })
        let driver = try TopologyTestDriver(topology)
        try driver.inputTopic("right", key: .string, value: .string).pipe(key: "a", value: "A", timestampMs: 7)
        let stored = try driver.keyValueStore("global", key: .string, value: .string)?.get("a")
        #expect(stored == ValueAndTimestamp(value: "A", timestampMs: 7))
        #expect(driver.unreadTopics.isEmpty)
    }

    @Test("a global table's topic cannot be read a second time")
    func sharedTopic() throws {
        let builder = StreamsBuilder()
        _ = builder.globalTable("right", key: .string, value: .string)
        builder.stream("right", key: .string, value: .string).to("out")
        let error = #expect(throws: StreamsError.self) { try builder.build() }
        #expect(error?.message.contains("topic right is read by") == true)
    }
}
