import Millrace
import MillraceTesting
import MillraceVectors
import Testing

/// The examples of docs/vectors.md and of the comments, unchanged.
@Suite("Examples in the documentation of vectors")
struct VectorExamples {
    private struct Case: Codable, Equatable {
        var embedding: [Float]
        var isOpen: Bool
    }

    @Test("that of an index of cases runs")
    func cases() throws {
        let builder = StreamsBuilder()
        let similarCases = VectorIndex<String, Case>("similar-cases", of: \.embedding, dimensions: 384)
        builder.table("cases", key: .string, value: .json(Case.self), into: .store("cases").indexed(by: similarCases))
        let application = try TopologyTestDriver(builder.build())
        let input = application.inputTopic("cases", key: .string, value: .json(Case.self))
        for number in 0..<40 {
            let embedding = (0..<384).map { $0 == number ? 1 : Float(0.01) }
            try input.pipe(key: "case-\(number)", value: Case(embedding: embedding, isOpen: number % 2 == 0))
        }
        let embedding = (0..<384).map { $0 == 7 || $0 == 8 ? 1 : Float(0) }
        let cases = try application.store(.vectors(similarCases))
        let nearest = try cases.search(near: embedding, count: 10) { key, value in value.isOpen }
        for match in nearest.matches { print(match.key, match.score) }
        #expect(nearest.matches.count == 10 && nearest.matches.first?.key == "case-8")
    }

    private struct Verdict: Codable, Equatable { var isFraud: Bool }

    private struct Decision: Codable {
        var embedding: [Float]
        var isFraud = false
    }

    @Test("those of similarity joins run", arguments: [true, false])
    func joins(isGlobal: Bool) throws {
        let builder = StreamsBuilder()
        let similarCases = VectorIndex<String, Decision>("similar-cases", of: \.embedding, dimensions: 2)
        let decisions = builder.stream("decisions", key: .string, value: .json(Decision.self))
        func own() -> KStream<String, Verdict> {
            let cases = builder.table(
                "cases", key: .string, value: .json(Decision.self), into: .store("cases").indexed(by: similarCases))
            return
                decisions.join(similarTo: \.embedding, inOwnPartitionOf: cases, by: similarCases, count: 5) {
                    decision, matches in
                    Verdict(isFraud: matches.contains { $0.value.isFraud && $0.score > 0.9 })
                }
        }
        func global() -> KStream<String, Verdict> {
            let cases = builder.globalTable(
                "cases", key: .string, value: .json(Decision.self), into: .store("cases").indexed(by: similarCases))
            return
                decisions.join(similarTo: \.embedding, in: cases, by: similarCases, count: 5) { decision, matches in
                    Verdict(isFraud: matches.contains { $0.value.isFraud && $0.score > 0.9 })
                }
        }
        (isGlobal ? global() : own()).to("verdicts", key: .string, value: .json(Verdict.self))
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("cases", key: .string, value: .json(Decision.self)).pipe(
            keyValues: [("1", Decision(embedding: [1, 0], isFraud: true)), ("2", Decision(embedding: [0, 1]))])
        try driver.inputTopic("decisions", key: .string, value: .json(Decision.self)).pipe(
            keyValues: [("a", Decision(embedding: [1, 0.1])), ("b", Decision(embedding: [0.1, 1]))])
        let verdicts = try driver.outputTopic("verdicts", key: .string, value: .json(Verdict.self)).readValues()
        #expect(verdicts.map { $0?.isFraud } == [true, false])
    }

    @Test("that of a processor that searches runs")
    func processors() throws {
        let builder = StreamsBuilder()
        let similarCases = VectorIndex<String, Case>("similar-cases", of: \.embedding, dimensions: 2)
        builder.table("cases", key: .string, value: .json(Case.self), into: .store("cases").indexed(by: similarCases))
        builder.stream("embeddings", key: .string, value: .json([Float].self))
            .process(stores: ["cases"]) { (context: ProcessorContext<String, String>) in
                let cases = try context.index(similarCases)
                return { record in
                    let embedding = record.value ?? []
                    let nearest = try cases.search(near: embedding, count: 10) { key, value in value.isOpen }
                    let keys = nearest.matches.map(\.key).joined(separator: ", ")
                    try context.forward(Record(key: "found", value: keys, timestampMs: record.timestampMs))
                }
            }
            .to("found", key: .string, value: .string)
        let driver = try TopologyTestDriver(builder.build())
        try driver.inputTopic("cases", key: .string, value: .json(Case.self)).pipe(
            keyValues: [
                ("1", Case(embedding: [1, 0], isOpen: true)), ("2", Case(embedding: [0, 1], isOpen: false)),
                ("3", Case(embedding: [1, 1], isOpen: true)),
            ])
        try driver.inputTopic("embeddings", key: .string, value: .json([Float].self)).pipe([1, 0])
        #expect(try driver.outputTopic("found", key: .string, value: .string).readValues() == ["1, 3"])
    }

    @Test("those of processors' stores build")
    func stores() {
        let similarCases = VectorIndex<String, Case>("similar-cases", of: \.embedding, dimensions: 384)
        func plain() {
            let drafts = Stores.keyValue("drafts", key: .string, value: .json(Case.self)).indexed(by: similarCases)
            #expect(drafts.name == "drafts")
        }
        plain()
        let drafts = Stores.timestampedKeyValue("drafts", key: .string, value: .json(Case.self)).indexed(
            by: similarCases)
        #expect(drafts.name == "drafts")
    }

    private struct Located: Codable {
        var embedding: [Float]
        var city: String
        var isOpen: Bool
    }

    @Test("that of a search with attributes runs")
    func attributes() throws {
        typealias Case = Located
        let similarCases = VectorIndex<String, Case>(
            "similar-cases", of: \.embedding, dimensions: 384,
            attributes: [.text("city", \.city), .flag("isOpen", \.isOpen)])
        let builder = StreamsBuilder()
        builder.table("cases", key: .string, value: .json(Case.self), into: .store("cases").indexed(by: similarCases))
        let application = try TopologyTestDriver(builder.build())
        let input = application.inputTopic("cases", key: .string, value: .json(Case.self))
        let embedding = [Float](repeating: 1, count: 384)
        for (key, city) in [("a", "Berlin"), ("b", "Rome"), ("c", "Bonn")] {
            try input.pipe(key: key, value: Case(embedding: embedding, city: city, isOpen: true))
        }
        let cases = try application.store(.vectors(similarCases))
        let open: AttributeFilter = .all([
            .equals("isOpen", .flag(true)), .oneOf("city", [.text("Berlin"), .text("Bonn")]),
        ])
        let found = try cases.search(near: embedding, count: 10, matching: open)
        let inBerlin = try cases.search(near: embedding, count: 10, matching: .equals("city", .text("Berlin")))
        #expect(found.matches.map(\.key) == ["a", "c"] && !found.isComplete)
        #expect(inBerlin.matches.map(\.key) == ["a"])
    }
}
