import Millrace
import MillraceTesting
import Testing

@testable import MillraceVectors

@Suite("Similarity joins")
struct SimilarityJoinTests {
    private struct Case: Codable, Equatable {
        var embedding: [Float]
        var city = "Bonn"
    }

    private let similarCases = VectorIndex<String, Case>(
        "similar-cases", of: \.embedding, dimensions: 2, attributes: [.text("city", \.city)])

    private typealias Filter = @Sendable (Case, String, Case) throws -> Bool

    private func builder(
        isGlobal: Bool, effort: SearchEffort = .exact, matching filter: AttributeFilter? = nil,
        where isIncluded: Filter? = nil
    ) -> StreamsBuilder {
        let builder = StreamsBuilder()
        let store = Materialized<String, Case>.store("cases").indexed(by: similarCases)
        let decisions = builder.stream("decisions", key: .string, value: .json(Case.self))
        let results =
            isGlobal
            ? decisions.join(
                similarTo: \.embedding,
                in: builder.globalTable("cases", key: .string, value: .json(Case.self), into: store),
                by: similarCases, count: 2, effort: effort, matching: filter, where: isIncluded, named: "similar",
                result: .string, joined)
            : decisions.join(
                similarTo: \.embedding,
                inOwnPartitionOf: builder.table("cases", key: .string, value: .json(Case.self), into: store),
                by: similarCases, count: 2, effort: effort, matching: filter, where: isIncluded, named: "similar",
                result: .string, joined)
        results.to("results", key: .string, value: .string)
        return builder
    }

    private let joined: @Sendable (Case, [VectorMatch<String, Case>]) -> String? = { _, matches in
        matches.map { "\($0.key) in \($0.value.city)" }.joined(separator: ", ")
    }

    private let some: [(String?, Case?)] = [
        ("east", Case(embedding: [1, 0])), ("north", Case(embedding: [0, 5], city: "Ulm")),
        ("north-east", Case(embedding: [1, 1])), ("west", Case(embedding: [-1, 0])),
    ]

    private func join(_ vector: [Float], in driver: TopologyTestDriver) throws -> [String] {
        try driver.inputTopic("decisions", key: .string, value: .json(Case.self))
            .pipe(key: "d", value: Case(embedding: vector))
        return try driver.outputTopic("results", key: .string, value: .string).readValues().map { $0 ?? "nothing" }
    }

    private func cases(_ driver: TopologyTestDriver) -> TestInputTopic<String, Case> {
        driver.inputTopic("cases", key: .string, value: .json(Case.self))
    }

    @Test("a record is joined with the nearest cases, the nearest first", arguments: [true, false])
    func nearest(isGlobal: Bool) throws {
        let driver = try TopologyTestDriver(builder(isGlobal: isGlobal).build())
        try cases(driver).pipe(keyValues: some)
        #expect(try join([2, 0.1], in: driver) == ["east in Bonn, north-east in Bonn"])
    }

    @Test("the usual search through a graph joins, too", arguments: [true, false])
    func approximate(isGlobal: Bool) throws {
        let driver = try TopologyTestDriver(builder(isGlobal: isGlobal, effort: .standard).build())
        try cases(driver).pipe(keyValues: some)
        #expect(try join([2, 0.1], in: driver) == ["east in Bonn, north-east in Bonn"])
    }

    @Test("a record has a result even if there are no cases", arguments: [true, false])
    func empty(isGlobal: Bool) throws {
        let driver = try TopologyTestDriver(builder(isGlobal: isGlobal).build())
        #expect(try join([1, 0], in: driver) == [""])
    }

    @Test("a change of the table has no result, and records see it", arguments: [true, false])
    func changes(isGlobal: Bool) throws {
        let driver = try TopologyTestDriver(builder(isGlobal: isGlobal).build())
        try cases(driver).pipe(keyValues: some)
        #expect(try join([1, 0], in: driver) == ["east in Bonn, north-east in Bonn"])
        try cases(driver).pipe(keyValues: [("east", Case(embedding: [-2, -0.1])), ("north-east", nil)])
        #expect(try join([1, 0], in: driver) == ["north in Ulm, east in Bonn"])
    }

    @Test("only cases that pass both filters are joined", arguments: [true, false])
    func filters(isGlobal: Bool) throws {
        let driver = try TopologyTestDriver(
            builder(isGlobal: isGlobal, matching: .equals("city", .text("Bonn"))) { decision, key, other in
                key != "east" && other.embedding != decision.embedding
            }
            .build())
        try cases(driver).pipe(keyValues: some)
        #expect(try join([1, 0], in: driver) == ["north-east in Bonn, west in Bonn"])
    }

    @Test("equally near cases come in the order of their keys, and the first ones count", arguments: [true, false])
    func ties(isGlobal: Bool) throws {
        let driver = try TopologyTestDriver(builder(isGlobal: isGlobal).build())
        for key in ["d", "b", "c", "a"] { try cases(driver).pipe(key: key, value: Case(embedding: [3, 3])) }
        #expect(try join([1, 1], in: driver) == ["a in Bonn, b in Bonn"])
    }

    @Test("a record whose vector cannot be compared goes to the processing handler", arguments: [true, false])
    func refusals(isGlobal: Bool) throws {
        let driver = try TopologyTestDriver(
            builder(isGlobal: isGlobal).build(),
            errorHandlers: ErrorHandlers(processing: .deadLetter(topic: "bad")))
        for hasCases in [false, true] {
            if hasCases { try cases(driver).pipe(keyValues: some) }
            for vector in [[], [1], [0, 0], [1, 2, 3]] as [[Float]] { #expect(try join(vector, in: driver) == []) }
            #expect(try driver.outputTopic("bad", key: .string, value: .string).readValues().count == 4)
        }
        #expect(driver.droppedRecordsByOperator["similar"] == [.processing: 8])
    }

    @Test("after a restart records are joined as before", arguments: InstanceEnding.allCases, [true, false])
    func restarts(ending: InstanceEnding, isGlobal: Bool) throws {
        let driver = try TopologyTestDriver(builder(isGlobal: isGlobal).build(), storage: .simulatedDisk)
        try cases(driver).pipe(keyValues: some)
        try driver.checkpoint()
        try cases(driver).pipe(key: "east", value: nil)
        try driver.restart(ending)
        #expect(try join([1, 0], in: driver) == ["north-east in Bonn, north in Ulm"])
    }

    @Test("a record without a value is dropped, one without a key is joined")
    func nulls() throws {
        let driver = try TopologyTestDriver(builder(isGlobal: true).build())
        let decisions = driver.inputTopic("decisions", key: .string, value: .json(Case.self))
        try decisions.pipe(key: "d", value: nil)
        try decisions.pipe(Case(embedding: [1, 0]))
        #expect(driver.droppedRecordsByOperator["similar"] == [.nullKeyOrValue: 1])
        #expect(try driver.outputTopic("results", key: .string, value: .string).readRecords().map(\.key) == [nil])
    }

    @Test("a join in its own partition does not find the cases of others; one with a global table does")
    func partitions() throws {
        for isGlobal in [true, false] {
            let driver = try TopologyTestDriver(builder(isGlobal: isGlobal).build(), partitions: 2)
            let decisions = driver.inputTopic("decisions", key: .string, value: .json(Case.self))
            for (partition, key) in ["even", "odd"].enumerated() {
                try cases(driver).pipe(
                    Record(key: key, value: Case(embedding: [1, 0]), timestampMs: 0), partition: Int32(partition))
            }
            for partition in 0..<2 as Range<Int32> {
                try decisions.pipe(
                    Record(key: "d", value: Case(embedding: [1, 0]), timestampMs: 1), partition: partition)
            }
            let found = try driver.outputTopic("results", key: .string, value: .string).readValues()
            let both = "even in Bonn, odd in Bonn"
            #expect(found == (isGlobal ? [both, both] : ["even in Bonn", "odd in Bonn"]))
        }
    }

    @Test("a join is an operator of its own, connected to the table's store")
    func description() throws {
        let topology = try builder(isGlobal: false).build().describe()
        #expect(topology.contains("Processor: similar (stores: [cases])"))
        let generated = StreamsBuilder()
        let table = generated.globalTable(
            "cases", key: .string, value: .json(Case.self), into: .store("cases").indexed(by: similarCases))
        generated.stream("decisions", key: .string, value: .json(Case.self))
            .join(similarTo: { $0.embedding }, in: table, by: similarCases, count: 1, result: .string, joined)
            .to("results", key: .string, value: .string)
        #expect(try generated.build().describe().contains("Processor: KSTREAM-INDEXJOIN-0000000003 (stores: [])"))
    }

    @Test("a table without the index is refused when the topology is built")
    func withoutIndex() {
        let builder = StreamsBuilder()
        let table = builder.table("cases", key: .string, value: .json(Case.self), into: .store("cases"))
        builder.stream("decisions", key: .string, value: .json(Case.self))
            .join(similarTo: \.embedding, inOwnPartitionOf: table, by: similarCases, count: 1, result: .string, joined)
            .to("results", key: .string, value: .string)
        #expect {
            try builder.build()
        } throws: { error in
            "\(error)".contains("has no index named similar-cases; add it to the table's store with indexed(by:)")
        }
    }

    @Test("a decision that becomes a case upstream of the join is seen by itself and by the next one")
    func ownCases() throws {
        let builder = StreamsBuilder()
        let decisions = builder.stream("decisions", key: .string, value: .json(Case.self))
        let cases = decisions.toTable(into: .store("cases").indexed(by: similarCases))
        decisions.join(
            similarTo: \.embedding, inOwnPartitionOf: cases, by: similarCases, count: 9, effort: .exact,
            result: .string, joined
        ).to("results", key: .string, value: .string)
        let driver = try TopologyTestDriver(builder.build())
        let input = driver.inputTopic("decisions", key: .string, value: .json(Case.self))
        try input.pipe(keyValues: [
            ("a", Case(embedding: [1, 0])), ("b", Case(embedding: [0, 1])), ("a", Case(embedding: [0, 2])),
            ("b", nil), ("c", Case(embedding: [1, 1])),
        ])
        let found = try driver.outputTopic("results", key: .string, value: .string).readValues()
        #expect(found == ["a in Bonn", "b in Bonn, a in Bonn", "a in Bonn, b in Bonn", "c in Bonn, a in Bonn"])
    }
}
