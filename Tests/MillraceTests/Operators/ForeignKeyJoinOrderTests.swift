import Millrace
import MillraceTesting
import Testing

/// Subscriptions and answers of several partitions, in any order.
@Suite("Foreign-key joins whose answers come in any order")
struct ForeignKeyJoinOrderTests {
    /// A join and its model, which process the same messages in the same order.
    private struct Pair {
        let driver: TopologyTestDriver
        var model: ForeignKeyJoinModel
        var random: SeededRandom
        private var timestampMs: Int64 = 0

        init(isLeftJoin: Bool, seed: UInt64, leftPartitions: Int32 = 4, rightPartitions: Int32 = 3) throws {
            let builder = StreamsBuilder()
            let left = builder.table("left", key: .string, value: .string)
            let right = builder.table("right", key: .string, value: .string)
            let foreignKey: @Sendable (String, String) -> String? = { ForeignKeyJoinModel.foreignKey($1) }
            let joined =
                if isLeftJoin {
                    left.leftJoin(right, named: "join", on: foreignKey) { "\($0)|\($1 ?? "-")" }
                } else {
                    left.join(right, named: "join", on: foreignKey) { "\($0)|\($1)" }
                }
            joined.toStream().to("out")
            driver = try TopologyTestDriver(
                builder.build(),
                partitions: ["left": leftPartitions, "right": rightPartitions, "out": leftPartitions])
            driver.processInSteps()
            model = ForeignKeyJoinModel(
                isLeftJoin: isLeftJoin, leftPartitions: leftPartitions, rightPartitions: rightPartitions)
            random = SeededRandom(seed: seed)
        }

        mutating func change(_ side: Side, _ key: String, _ value: String?) throws {
            timestampMs += 1
            try driver.inputTopic(side.rawValue, key: .string, value: .string)
                .pipe(key: key, value: value, timestampMs: timestampMs)
            model.send(side == .left ? .left(key: key, value: value) : .right(key: key, value: value))
        }

        /// Processes a message; false if none is on its way.
        mutating func step() throws -> Bool {
            guard let partition = try driver.step(&random) else { return false }
            let topics: [String: ForeignKeyJoinModel.QueueKey.Topic] = [
                "left": .left, "right": .right, "app-join-subscription-registration-topic": .subscriptions,
                "app-join-subscription-response-topic": .answers,
            ]
            let topic = try #require(topics[partition.topic])
            let isExpected = model.process(.init(topic: topic, partition: partition.partition))
            #expect(isExpected)
            return true
        }

        mutating func finish() throws { while try step() {} }

        /// The results so far, by key.
        func results() throws -> [String: [String?]] {
            try driver.outputTopic("out", key: .string, value: .string).readRecords()
                .reduce(into: [:]) { results, record in results[record.key ?? "-", default: []].append(record.value) }
        }
    }

    /// Changes of both tables by chance: new values, other foreign keys or none, deletions of what is there.
    private static func changes(_ random: inout SeededRandom) -> [(side: Side, key: String, value: String?)] {
        var present: [Side: Set<String>] = [:]
        return (0..<40).map { number in
            let side: Side = Int.random(in: 0..<3, using: &random) == 0 ? .right : .left
            let foreignKeys = ["p", "q", "r", "s", "t"]
            let key =
                side == .right
                ? foreignKeys[Int.random(in: 0..<5, using: &random)] : "o\(Int.random(in: 0..<6, using: &random))"
            if present[side, default: []].contains(key), Int.random(in: 0..<4, using: &random) == 0 {
                present[side]?.remove(key)
                return (side, key, nil)
            }
            present[side, default: []].insert(key)
            if side == .right { return (side, key, "\(key.uppercased())\(number)") }
            // Few different values, so that a left value comes again while answers about it are on their way.
            let version = Int.random(in: 0..<3, using: &random)
            let foreignKey = Int.random(in: 0..<6, using: &random)
            return (side, key, foreignKey == 5 ? "none\(version)" : "\(foreignKeys[foreignKey]).\(version)")
        }
    }

    @Test(
        "the results are those of Kafka Streams in the same order; those of a left join end as the tables' join",
        arguments: [false, true])
    func anyOrder(isLeftJoin: Bool) throws {
        for seed in 0..<150 as Range<UInt64> {
            var pair = try Pair(isLeftJoin: isLeftJoin, seed: seed)
            for change in Self.changes(&pair.random) {
                try pair.change(change.side, change.key, change.value)
                while Int.random(in: 0..<3, using: &pair.random) > 0, try pair.step() {}
            }
            try pair.finish()
            #expect(try pair.results() == pair.model.results, "seed \(seed)")
            if isLeftJoin { #expect(pair.model.lastResults == pair.model.joined, "seed \(seed)") }
        }
    }

    @Test("the results end as the tables' join if each change is answered before the next", arguments: [false, true])
    func oneByOne(isLeftJoin: Bool) throws {
        for seed in 0..<60 as Range<UInt64> {
            var pair = try Pair(isLeftJoin: isLeftJoin, seed: seed)
            for change in Self.changes(&pair.random) {
                try pair.change(change.side, change.key, change.value)
                try pair.finish()
                #expect(pair.model.lastResults == pair.model.joined, "seed \(seed)")
            }
            #expect(try pair.results() == pair.model.results, "seed \(seed)")
        }
    }

    @Test("a left join whose foreign key changes ends with the new match, whichever answer comes last")
    func newMatchIsLast() throws {
        for seed in 0..<100 as Range<UInt64> {
            var pair = try Pair(isLeftJoin: true, seed: seed, rightPartitions: 4)
            try pair.change(.right, "p", "P")
            try pair.change(.right, "q", "Q")
            try pair.finish()
            try pair.change(.left, "o1", "p.1")
            try pair.finish()
            try pair.change(.left, "o1", "q.1")
            try pair.finish()
            #expect(try pair.results() == ["o1": ["p.1|P", "q.1|Q"]], "seed \(seed)")
        }
    }

    @Test(
        "an inner join keeps a result whose deletion is stale if the new value asks for a match only, as in Kafka Streams"
    )
    func staleDeletion() throws {
        var kept = 0
        for seed in 0..<100 as Range<UInt64> {
            var pair = try Pair(isLeftJoin: false, seed: seed)
            try pair.change(.right, "p", "P")
            try pair.finish()
            try pair.change(.left, "o1", "p.1")
            try pair.finish()
            try pair.change(.left, "o1", "q.1")
            try pair.change(.left, "o1", "q.2")
            try pair.finish()
            let results = try pair.results()
            #expect(results == pair.model.results)
            if results == ["o1": ["p.1|P"]] { kept += 1 } else { #expect(results == ["o1": ["p.1|P", nil]]) }
        }
        #expect(0 < kept && kept < 100)
    }
}
