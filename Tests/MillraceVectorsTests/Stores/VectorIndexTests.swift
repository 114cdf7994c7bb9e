import Millrace
import MillraceEngine
import MillraceTesting
import TestSupport
import Testing

@testable import MillraceVectors

@Suite("Vectors of a table")
struct VectorIndexTests {
    private struct Case: Codable, Equatable {
        var embedding: [Float]
        var isOpen = true
    }

    private let similarCases = VectorIndex<String, Case>("similar-cases", of: \.embedding, dimensions: 2)

    private func driver(
        storage: StateStorage = .memory, errorHandlers: ErrorHandlers = .init(), partitions: PartitionCounts = 1
    ) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        builder.table(
            "cases", key: .string, value: .json(Case.self), into: .store("cases").indexed(by: similarCases))
        return try TopologyTestDriver(
            builder.build(), errorHandlers: errorHandlers, partitions: partitions, storage: storage)
    }

    private func input(_ driver: TopologyTestDriver) -> TestInputTopic<String, Case> {
        driver.inputTopic("cases", key: .string, value: .json(Case.self))
    }

    private let some: [(String, Case?)] = [
        ("east", Case(embedding: [1, 0])), ("north", Case(embedding: [0, 5])),
        ("north-east", Case(embedding: [1, 1], isOpen: false)), ("west", Case(embedding: [-1, 0])),
    ]

    @Test("a search finds the nearest entries with their values and scores, over all partitions", arguments: [1, 3])
    func search(partitions: Int32) throws {
        let driver = try driver(partitions: .init(integerLiteral: partitions))
        try input(driver).pipe(keyValues: some)
        let cases = try driver.store(.vectors(similarCases))
        let found = try cases.search(near: [2, 0.1], count: 3)
        #expect(found.matches.map(\.key) == ["east", "north-east", "north"])
        #expect(found.matches[0].value == Case(embedding: [1, 0]))
        #expect(abs(found.matches[1].score - 0.742) < 0.001)
        #expect(found.isIndexComplete)
        let open = try cases.search(near: [2, 0.1], count: 3, effort: .exact) { _, value in value.isOpen }
        #expect(open.matches.map(\.key) == ["east", "north", "west"])
    }

    @Test("an entry that was changed or deleted is not found by its old vector")
    func changes() throws {
        let driver = try driver()
        try input(driver).pipe(keyValues: some)
        try input(driver).pipe(keyValues: [("east", Case(embedding: [-2, -0.1])), ("north-east", nil)])
        let cases = try driver.store(.vectors(similarCases))
        #expect(try cases.search(near: [1, 0], count: 4).matches.map(\.key) == ["north", "east", "west"])
    }

    @Test("a value without a fitting vector goes to the dead letters, and into neither store nor index")
    func refusals() throws {
        let driver = try driver(errorHandlers: ErrorHandlers(processing: .deadLetter(topic: "bad")))
        try input(driver).pipe(keyValues: [
            ("a", Case(embedding: [1, 0])), ("b", Case(embedding: [1])), ("c", Case(embedding: [0, 0])),
            ("d", Case(embedding: [])),
        ])
        let cases = try driver.store(.vectors(similarCases))
        #expect(try cases.search(near: [1, 0], count: 9).matches.map(\.key) == ["a"])
        #expect(try driver.outputTopic("bad", key: .string, value: .string).readValues().count == 3)
    }

    @Test("after a restart it finds what it found before", arguments: InstanceEnding.allCases)
    func restarts(ending: InstanceEnding) throws {
        let driver = try driver(storage: .simulatedDisk)
        try input(driver).pipe(keyValues: some)
        try driver.checkpoint()
        try input(driver).pipe(key: "east", value: nil)
        try driver.restart(ending)
        let cases = try driver.store(.vectors(similarCases))
        #expect(try cases.search(near: [1, 0], count: 4).matches.map(\.key) == ["north-east", "north", "west"])
    }

    @Test("a query of another length is refused with a sentence")
    func queries() throws {
        let driver = try driver()
        let cases = try driver.store(.vectors(similarCases))
        #expect(throws: VectorProblem.self) { try cases.search(near: [1], count: 1) }
        #expect(try cases.search(near: [1, 0], count: 0).matches.isEmpty)
        #expect(try cases.search(near: [1, 0], count: -1).matches.isEmpty)
    }

    @Test("searches of thousands of entries find what brute force finds")
    func many() throws {
        let index = VectorIndex<String, [Float]>("vectors", of: { $0 }, dimensions: 16, metric: .euclidean)
        let builder = StreamsBuilder()
        builder.table(
            "vectors", key: .string, value: .json([Float].self), into: .store("vectors").indexed(by: index))
        let driver = try TopologyTestDriver(builder.build(), partitions: 2)
        let input = driver.inputTopic("vectors", key: .string, value: .json([Float].self))
        var numbers = SeededNumbers(seed: 1)
        func vector() -> [Float] { (0..<16).map { _ in Float.random(in: -1...1, using: &numbers) } }
        var model = IndexModel()
        for number in 0..<9_000 {
            let (key, vector) = ("key-\(number % 7_000)", vector())
            try input.pipe(key: key, value: vector)
            model.set(key, to: vector)
        }
        let handle = try driver.store(.vectors(index))
        var (found, exact) = (0, 0)
        for _ in 0..<20 {
            let query = vector()
            let nearest = try handle.search(near: query, count: 10, effort: .exact).matches.map(\.key)
            #expect(model.isNearest(nearest, to: query, count: 10, metric: .euclidean))
            let approximate = try handle.search(near: query, count: 10, effort: .approximate(candidates: 200))
            found += Set(approximate.matches.map(\.key)).intersection(nearest).count
            exact += 10
        }
        #expect(Double(found) >= 0.95 * Double(exact))
    }
}
