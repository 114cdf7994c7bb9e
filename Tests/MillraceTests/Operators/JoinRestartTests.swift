import Millrace
import MillraceTesting
import TestSupport
import Testing

/// Every join, run over random records with the instance ending after each few of them.
@Suite("Joins across restarts")
struct JoinRestartTests {
    struct Join: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// Whether what has no match may come earlier after a restart, which forgets when it was looked for last.
        var mayComeEarlier = false
        var define: @Sendable (StreamsBuilder) -> KStream<String, String>
    }

    private static func streams(_ builder: StreamsBuilder) -> (KStream<String, String>, KStream<String, String>) {
        (builder.stream("left", key: .string, value: .string), builder.stream("right", key: .string, value: .string))
    }

    private static func tables(_ builder: StreamsBuilder) -> (KTable<String, String>, KTable<String, String>) {
        (builder.table("left", key: .string, value: .string), builder.table("right", key: .string, value: .string))
    }

    private static let windows = JoinWindows.difference(.milliseconds(20), grace: .milliseconds(10))
    private static let foreignKey: @Sendable (String, String) -> String? = { _, value in
        value.first.map { _ in "k\(value.utf8.reduce(0) { ($0 + Int($1)) % 4 })" }
    }

    private static let joins = [
        Join(testDescription: "stream-table") { builder in
            let stream = builder.stream("left", key: .string, value: .string)
            let table = builder.table("right", key: .string, value: .string)
            return stream.leftJoin(table) { "\($0)|\($1 ?? "-")" }
        },
        Join(testDescription: "stream-table with versions and grace") { builder in
            let stream = builder.stream("left", key: .string, value: .string)
            let table = builder.table(
                "right", key: .string, value: .string, into: .versioned("v", historyRetention: .milliseconds(60)))
            return stream.leftJoin(table, grace: .milliseconds(25)) { "\($0)|\($1 ?? "-")" }
        },
        Join(testDescription: "table-table") { builder in
            let (left, right) = tables(builder)
            return left.outerJoin(right, into: .store("joined")) { "\($0 ?? "-")|\($1 ?? "-")" }.toStream()
        },
        Join(testDescription: "foreign-key") { builder in
            let (left, right) = tables(builder)
            return left.join(right, on: foreignKey) { "\($0)|\($1)" }.toStream()
        },
        Join(testDescription: "foreign-key left") { builder in
            let (left, right) = tables(builder)
            return left.leftJoin(right, into: .store("joined"), on: foreignKey) { "\($0)|\($1 ?? "-")" }.toStream()
        },
        Join(testDescription: "stream-global") { builder in
            builder.stream("left", key: .string, value: .string)
                .leftJoin(builder.globalTable("right", key: .string, value: .string), on: { key, _ in key }) {
                    "\($0)|\($1 ?? "-")"
                }
        },
        Join(testDescription: "stream-stream inner") { builder in
            let (left, right) = streams(builder)
            return left.join(right, within: windows) { "\($0)|\($1)" }
        },
        Join(testDescription: "stream-stream left", mayComeEarlier: true) { builder in
            let (left, right) = streams(builder)
            return left.leftJoin(right, within: windows) { "\($0)|\($1 ?? "-")" }
        },
        Join(testDescription: "stream-stream outer", mayComeEarlier: true) { builder in
            let (left, right) = streams(builder)
            return left.outerJoin(right, within: windows) { "\($0 ?? "-")|\($1 ?? "-")" }
        },
        Join(testDescription: "stream with itself") { builder in
            let (stream, _) = streams(builder)
            return stream.join(stream, within: windows) { "\($0)|\($1)" }
        },
    ]

    private func lines(
        of join: Join, endingEach ending: InstanceEnding?, isOnDisk: Bool
    ) throws -> [String] {
        let builder = StreamsBuilder()
        join.define(builder).to("out", key: .string, value: .string)
        let topology = try builder.build()
        let driver = try TopologyTestDriver(topology, storage: isOnDisk ? .simulatedDisk : .memory)
        var random = SeededNumbers(seed: 11)
        for number in 0..<150 {
            let topic = Bool.random(using: &random) ? "left" : "right"
            let key = Int.random(in: 0..<12, using: &random) == 0 ? nil : "k\(Int.random(in: 0..<4, using: &random))"
            let value = Int.random(in: 0..<8, using: &random) == 0 ? nil : "\(topic)\(number)"
            let timestampMs = Int64(number * 4 + Int.random(in: 0..<30, using: &random))
            let isRead = topology.sourceTopics.contains(topic)
            if isRead {
                try driver.inputTopic(topic, key: .string, value: .string)
                    .pipe(key: key, value: value, timestampMs: timestampMs)
            }
            if let ending, number % 5 == 0 { try driver.restart(ending) }
            if number % 35 == 0 { try driver.checkpoint() }
        }
        // Whatever waits comes with the end.
        try driver.inputTopic("left", key: .string, value: .string).pipe(key: "end", value: "", timestampMs: 10_000)
        let output = try driver.outputTopic("out", key: .string, value: .string).readRecords()
        let lines = Outcome(records: output, dropped: [:]).lines
        return join.mayComeEarlier ? lines.sorted() : lines
    }

    @Test("a join has the same results, however the instance ends", arguments: joins, [false, true])
    func sameResults(_ join: Join, isOnDisk: Bool) throws {
        let expected = try lines(of: join, endingEach: nil, isOnDisk: isOnDisk)
        #expect(expected.count > 20)
        for ending in InstanceEnding.allCases {
            #expect(try lines(of: join, endingEach: ending, isOnDisk: isOnDisk) == expected, "\(ending)")
        }
    }
}
