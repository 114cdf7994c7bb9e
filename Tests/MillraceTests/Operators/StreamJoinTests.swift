import Millrace
import MillraceTesting
import Testing

@Suite("Joins of streams")
struct StreamJoinTests {
    typealias Stream = KStream<String, String>

    enum Kind: CaseIterable {
        case inner, left, outer

        func join(
            _ left: Stream, _ right: Stream, _ windows: JoinWindows,
            as joined: StreamJoined<String, String, String> = .store(), named name: String? = nil
        ) -> Stream {
            switch self {
            case .inner: left.join(right, within: windows, as: joined, named: name) { "\($0)|\($1)" }
            case .left: left.leftJoin(right, within: windows, as: joined, named: name) { "\($0)|\($1 ?? "-")" }
            case .outer:
                left.outerJoin(right, within: windows, as: joined, named: name) { "\($0 ?? "-")|\($1 ?? "-")" }
            }
        }
    }

    /// What comes, and what each join makes of the last of it: lines, or none.
    struct Case {
        var windows = JoinWindows.difference(.milliseconds(10), grace: .milliseconds(5))
        var before: [(Side, Text)]
        var change: (Side, Text)
        var results: [Kind: [String]]
    }

    private static func all(_ lines: [String]) -> [Kind: [String]] { [.inner: lines, .left: lines, .outer: lines] }
    private static let left: (Side, Text) = (.left, text("k", "L", 20))
    private static let right: (Side, Text) = (.right, text("k", "R", 20))
    private static let plain = JoinWindows.difference(.milliseconds(10))
    private static let late = JoinWindows.difference(.milliseconds(10), grace: .milliseconds(20))

    private static let cases: [Case] = [
        // Nothing is there: nothing is known yet.
        Case(before: [], change: left, results: [:]),
        Case(before: [], change: right, results: [:]),
        // A match is, at either end of the window or just beyond it.
        Case(before: [left], change: (.right, text("k", "R", 30)), results: all(["k=L|R@30"])),
        Case(before: [left], change: (.right, text("k", "R", 31)), results: [:]),
        Case(before: [left], change: (.right, text("k", "R", 10)), results: all(["k=L|R@20"])),
        Case(before: [left], change: (.right, text("k", "R", 9)), results: [:]),
        Case(before: [right], change: (.left, text("k", "L", 30)), results: all(["k=L|R@30"])),
        Case(before: [right], change: (.left, text("k", "L", 9)), results: [:]),
        // One that comes too late for its window and the grace has nothing to wait for.
        Case(before: [left], change: (.right, text("k", "R", 4)), results: [.outer: ["k=-|R@4"]]),
        Case(before: [right], change: (.left, text("k", "L", 4)), results: [.left: ["k=L|-@4"], .outer: ["k=L|-@4"]]),
        // A late one waits while its grace runs, for a match that comes even later, or until there can be none.
        Case(
            windows: late, before: [(.left, text("x", "X", 100)), (.left, text("k", "L", 85))],
            change: (.right, text("k", "R", 90)), results: all(["k=L|R@90"])),
        Case(
            windows: late,
            before: [
                (.left, text("x", "X", 100)), (.left, text("k", "L", 85)), (.right, text("k", "R", 90)),
            ],
            change: (.right, text("y", "Y", 131)), results: [.left: ["x=X|-@100"], .outer: ["x=X|-@100"]]),
        Case(
            windows: late, before: [(.left, text("x", "X", 100)), (.left, text("k", "L", 85))],
            change: (.left, text("y", "Y", 116)), results: [.left: ["k=L|-@85"], .outer: ["k=L|-@85"]]),
        // What has been said to have no match finds none any more, nor does what is as old.
        Case(
            windows: late,
            before: [(.left, text("k", "L", 85)), (.left, text("y", "Y", 116))], change: (.right, text("k", "R", 95)),
            results: [:]),
        // At the very end of its window a record is still there, although its side has gone on.
        Case(
            windows: plain.before(.zero), before: [left, (.left, text("x", "X", 30))],
            change: (.right, text("k", "R", 30)), results: all(["k=L|R@30"])),
        Case(
            windows: plain.before(.milliseconds(-5)), before: [left, (.left, text("x", "X", 29))],
            change: (.right, text("k", "R", 30)), results: all(["k=L|R@30"])),
        // Windows that look one way only.
        Case(
            windows: plain.before(.zero), before: [left], change: (.right, text("k", "R", 25)),
            results: all(["k=L|R@25"])),
        Case(
            windows: plain.before(.zero), before: [left], change: (.right, text("k", "R", 15)),
            results: [.outer: ["k=-|R@15"]]),
        Case(
            windows: plain.after(.zero), before: [left], change: (.right, text("k", "R", 15)),
            results: all(["k=L|R@20"])),
        Case(windows: plain.after(.zero), before: [left], change: (.right, text("k", "R", 25)), results: [:]),
        Case(
            windows: plain.before(.milliseconds(-5)), before: [left], change: (.right, text("k", "R", 24)),
            results: [.outer: ["k=-|R@24"]]),
        // A left record whose possible matches are older than it by at least as much as a negative limit says.
        Case(
            windows: plain.after(.milliseconds(-5)), before: [(.right, text("k", "R", 15))], change: left,
            results: all(["k=L|R@20"])),
        Case(
            windows: plain.after(.milliseconds(-5)), before: [(.right, text("k", "R", 16))], change: left,
            results: [.left: ["k=L|-@20"], .outer: ["k=L|-@20"]]),
        Case(
            windows: plain.after(.milliseconds(-5)), before: [(.right, text("k", "R", 10))], change: left,
            results: all(["k=L|R@20"])),
        Case(
            windows: late.after(.milliseconds(-5)), before: [left], change: (.right, text("k", "R", 15)),
            results: all(["k=L|R@20"])),
        Case(
            windows: late.after(.milliseconds(-5)), before: [left], change: (.right, text("k", "R", 16)), results: [:]),
        // All of its possible matches would lie before the epoch: it has none at the epoch either.
        Case(
            windows: plain.after(.milliseconds(-5)), before: [(.right, text("k", "R", 0))],
            change: (.left, text("k", "L", 3)), results: [.left: ["k=L|-@3"], .outer: ["k=L|-@3"]]),
        Case(
            windows: plain.after(.milliseconds(-5)), before: [(.right, text("k", "R", 0))],
            change: (.left, text("k", "L", 5)), results: all(["k=L|R@5"])),
        Case(
            windows: plain.before(.milliseconds(-5)), before: [(.left, text("k", "L", 0))],
            change: (.right, text("k", "R", 3)), results: [.outer: ["k=-|R@3"]]),
        Case(
            windows: plain.before(.milliseconds(-5)), before: [(.left, text("k", "L", 0))],
            change: (.right, text("k", "R", 5)), results: all(["k=L|R@5"])),
        // Several matches, in the order of time; those of one moment in the order in which they came.
        Case(
            before: [left, (.left, text("k", "M", 20)), (.left, text("k", "N", 15))],
            change: (.right, text("k", "R", 18)), results: all(["k=N|R@18", "k=L|R@20", "k=M|R@20"])),
        // Another key.
        Case(before: [left], change: (.right, text("kk", "R", 20)), results: [:]),
        // Once stream time has passed window and grace, what had no match comes, right before left, before the matches.
        Case(before: [left, right], change: (.left, text("x", "X", 36)), results: [:]),
        Case(before: [left], change: (.left, text("x", "X", 35)), results: [:]),
        Case(
            before: [left], change: (.left, text("x", "X", 36)),
            results: [.left: ["k=L|-@20"], .outer: ["k=L|-@20"]]),
        Case(before: [right], change: (.left, text("x", "X", 36)), results: [.outer: ["k=-|R@20"]]),
        // When they are looked at again counts from the record at which it ended, the second of a key and moment as well.
        Case(
            windows: .difference(.milliseconds(5)),
            before: [
                (.left, text("c", "1", 9)), (.left, text("b", "2", 10)), (.right, text("a", "3", 12)),
                (.right, text("a", "4", 12)), (.right, text("d", "5", 13)), (.left, text("e", "6", 15)),
            ],
            change: (.left, text("f", "7", 18)),
            results: [.left: ["b=2|-@10"], .outer: ["b=2|-@10", "a=-|3@12", "a=-|4@12"]]),
        Case(
            before: [left, (.right, text("j", "R", 20)), (.left, text("a", "A", 19))],
            change: (.right, text("x", "X", 36)),
            results: [
                .left: ["a=A|-@19", "k=L|-@20"], .outer: ["a=A|-@19", "j=-|R@20", "k=L|-@20"],
            ]),
        // A record without a value or key.
        Case(before: [right], change: (.left, text("k", nil, 20)), results: [:]),
        Case(
            before: [right], change: (.left, text(nil, "L", 20)),
            results: [.left: ["-=L|-@20"], .outer: ["-=L|-@20"]]),
        Case(before: [left], change: (.right, text(nil, "R", 20)), results: [.outer: ["-=-|R@20"]]),
    ]

    private func run(_ kind: Kind, _ records: [(Side, Text)], _ windows: JoinWindows) throws -> Outcome<String, String>
    {
        try runSides(records) { builder in
            kind.join(
                builder.stream("left", key: .string, value: .string),
                builder.stream("right", key: .string, value: .string), windows)
        }
    }

    @Test("what comes on either side has the results of the join's kind", arguments: Kind.allCases)
    func table(_ kind: Kind) throws {
        for (index, each) in Self.cases.enumerated() {
            let before = try run(kind, each.before, each.windows).lines
            let all = try run(kind, each.before + [each.change], each.windows).lines
            #expect(Array(all.dropFirst(before.count)) == each.results[kind] ?? [], "case \(index)")
        }
    }

    @Test(
        "a negative limit joins at the epoch what is too near where the results are Kafka Streams', in one store as in two",
        arguments: [TopologyOptimization.none, .singleStoreSelfJoin])
    func negativeLimits(_ optimization: TopologyOptimization) throws {
        for (compatibility, atEpoch) in [(.none, []), (.kafkaStreams, ["k=3|0@3"])] as [(Compatibility, [String])] {
            let builder = StreamsBuilder(compatibility: compatibility)
            let stream = builder.stream("in", key: .string, value: .string)
            Kind.inner.join(stream, stream, Self.late.after(.milliseconds(-5))).to("out")
            let topology = try builder.build(optimization: optimization)
            let records = [text("k", "0", 0), text("k", "3", 3), text("k", "8", 8)].map { ("in", $0) }
            let lines = try MillraceTests.run(records, through: topology, key: .string, value: .string).lines
            // In one store a record always meets itself in Kafka Streams.
            let withoutSelf = lines.filter { !["k=0|0@0", "k=3|3@3", "k=8|8@8"].contains($0) }
            #expect(withoutSelf == atEpoch + ["k=8|0@8", "k=8|3@8"])
        }
    }

    @Test("records without a key or value are counted, and a joiner's nil makes a tombstone")
    func nulls() throws {
        let records: [(Side, Text)] = [
            (.left, text(nil, "L", 1)), (.left, text("k", nil, 1)), (.right, text(nil, nil, 1)), Self.left, Self.right,
        ]
        let outcome = try runSides(records) { builder in
            builder.stream("left", key: .string, value: .string)
                .join(
                    builder.stream("right", key: .string, value: .string), within: .difference(.milliseconds(1))
                ) { _, _ -> String? in nil }
        }
        #expect(outcome.lines == ["k=-@20"])
        #expect(outcome.dropped == [.nullKeyOrValue: 3])
    }

    @Test("a joiner that throws goes to the processing handler")
    func failure() throws {
        struct Refused: Error {}
        let builder = StreamsBuilder()
        let left = builder.stream("left", key: .string, value: .string)
        left.join(builder.stream("right", key: .string, value: .string), within: .difference(.seconds(1))) {
            left, right -> String? in
            if left == "bad" { throw Refused() }
            return left + right
        }.to("out")
        let driver = try TopologyTestDriver(builder.build(), errorHandlers: ErrorHandlers(processing: .continue))
        for value in ["bad", "good"] {
            try driver.inputTopic("left", key: .string, value: .string).pipe(key: value, value: value)
            try driver.inputTopic("right", key: .string, value: .string).pipe(key: value, value: "!")
        }
        #expect(try driver.outputTopic("out", key: .string, value: .string).readValues() == ["good!"])
        #expect(driver.droppedRecords == [.processing: 1])
    }

    @Test("a stream that is joined with itself has the same results in one store as in two")
    func selfJoin() throws {
        var random = SeededRandom(seed: 7)
        let records: [Text] = (0..<200).map { number in
            text(
                ["a", "b", nil][Int.random(in: 0..<3, using: &random)], number % 9 == 0 ? nil : "\(number)",
                Int64(number + Int.random(in: 0..<12, using: &random)))
        }
        var outputs: [[String]] = []
        for optimization in [TopologyOptimization.none, .singleStoreSelfJoin] {
            let builder = StreamsBuilder()
            let stream = builder.stream("in", key: .string, value: .string)
            Kind.inner.join(stream, stream, .difference(.milliseconds(5), grace: .milliseconds(20))).to("out")
            let topology = try builder.build(optimization: optimization)
            #expect(topology.subtopologies[0].stores.count == (optimization == .none ? 2 : 1))
            let driver = try TopologyTestDriver(topology)
            let input = driver.inputTopic("in", key: .string, value: .string)
            for record in records {
                try input.pipe(key: record.key, value: record.value, timestampMs: record.timestampMs)
            }
            let output = try driver.outputTopic("out", key: .string, value: .string).readRecords()
            outputs.append(Outcome(records: output, dropped: [:]).lines)
        }
        #expect(outputs[0].count > 100)
        #expect(outputs[0] == outputs[1])
    }

    @Test("stores have the user's name, changelogs that are deleted by time, and generated names without one")
    func stores() throws {
        func stores(_ kind: Kind, _ joined: StreamJoined<String, String, String>) throws -> [StorePlan] {
            let builder = StreamsBuilder()
            _ = kind.join(
                builder.stream("left", key: .string, value: .string),
                builder.stream("right", key: .string, value: .string),
                .difference(.seconds(1), grace: .seconds(3)), as: joined)
            return try builder.build().subtopologies.flatMap(\.stores)
        }
        #expect(
            try stores(.outer, .store("pair")).map(\.name) == [
                "pair-outer-this-join-store", "pair-outer-other-join-store", "pair-outer-shared-join-store",
            ])
        #expect(
            try stores(.left, .store()).map(\.name) == [
                "KSTREAM-JOINTHIS-0000000004-store", "KSTREAM-OUTEROTHER-0000000005-store",
                "KSTREAM-OUTERSHARED-0000000004-store",
            ])
        let plain = try stores(.inner, .store("pair"))
        #expect(plain.map(\.changelogConfiguration) == Array(repeating: ["cleanup.policy": "delete"], count: 2))
        #expect(try stores(.inner, .store("pair").withoutChangelog()).allSatisfy { $0.changelogTopic == nil })
        #expect(try stores(.outer, .store("pair").inMemory()).allSatisfy(\.isInMemory))
    }

    @Test(
        "windows that end before they begin, and a negative grace, are refused",
        arguments: [
            JoinWindows.difference(.seconds(1)).before(.seconds(-2)), .difference(.seconds(1), grace: .seconds(-1)),
        ])
    func invalid(_ windows: JoinWindows) throws {
        let builder = StreamsBuilder()
        _ = Kind.inner.join(
            builder.stream("left", key: .string, value: .string),
            builder.stream("right", key: .string, value: .string), windows)
        #expect(throws: StreamsError.self) { try builder.build() }
    }

    @Test("a changed key goes through a repartition topic on its own side")
    func repartition() throws {
        let outcome = try runSides([(.left, text("1", "x", 1)), (.right, text("x", "R", 2))]) { builder in
            let left = builder.stream("left", key: .string, value: .string).selectKey { _, value in value }
            return Kind.inner.join(
                left, builder.stream("right", key: .string, value: .string), .difference(.seconds(1)), named: "j")
        }
        #expect(outcome.lines == ["x=x|R@2"])
    }

    @Test("streams that are partitioned differently are refused, with both topics' names")
    func copartitioning() throws {
        let builder = StreamsBuilder()
        _ = Kind.inner.join(
            builder.stream("left", key: .string, value: .string),
            builder.stream("right", key: .string, value: .string), .difference(.seconds(1)))
        let topology = try builder.build()
        let error = #expect(throws: StreamsError.self) {
            try TopologyTestDriver(topology, partitions: ["left": 2, "right": 3])
        }
        #expect(error?.code == .topic)
        #expect(error?.message.contains("left (2 partitions) and right (3 partitions)") == true)
    }
}
