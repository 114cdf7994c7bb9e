import Millrace
import MillraceTesting
import Testing

@testable import MillraceVectors

@Suite("Searches by attributes of a table")
struct AttributeSearchTests {
    private struct Case: Codable, Equatable {
        var embedding: [Float]
        var city: String? = nil
        var amount = 0.0
        var isOpen = true
    }

    private let similarCases = VectorIndex<String, Case>(
        "similar-cases", of: \.embedding, dimensions: 2,
        attributes: [.text("city", \.city), .number("amount", \.amount), .flag("isOpen", \.isOpen)])

    private func driver(partitions: PartitionCounts = 1) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        builder.table(
            "cases", key: .string, value: .json(Case.self), into: .store("cases").indexed(by: similarCases))
        return try TopologyTestDriver(builder.build(), partitions: partitions)
    }

    private let some: [(String, Case?)] = [
        ("a", Case(embedding: [1, 0], city: "Berlin", amount: 1)),
        ("b", Case(embedding: [1, 0.1], city: "Bonn", amount: 2, isOpen: false)),
        ("c", Case(embedding: [1, 0.2], city: "Berlin", amount: 3, isOpen: false)),
        ("d", Case(embedding: [1, 0.3], amount: -1)),
        ("e", Case(embedding: [1, 0.4], city: "", amount: 9_007_199_254_740_992)),
    ]

    @Test(
        "a filter fits the entries that it says",
        arguments: [
            (.equals("city", .text("Berlin")), ["a", "c"]), (.notEquals("city", .text("Berlin")), ["b", "d", "e"]),
            (.oneOf("city", [.text("Bonn"), .text("")]), ["b", "e"]),
            (.noneOf("city", [.text("Bonn"), .text("Berlin")]), ["d", "e"]), (.oneOf("city", []), []),
            (.noneOf("city", []), ["a", "b", "c", "d", "e"]), (.lessThan("amount", .number(2)), ["a", "d"]),
            (.atMost("amount", .number(2)), ["a", "b", "d"]), (.moreThan("amount", .number(2)), ["c", "e"]),
            (.atLeast("amount", .number(9_007_199_254_740_992)), ["e"]), (.moreThan("city", .text("Berlin")), ["b"]),
            (.equals("amount", .number(.nan)), []), (.notEquals("amount", .number(.nan)), ["a", "b", "c", "d", "e"]),
            (.all([.equals("isOpen", .flag(false)), .equals("city", .text("Berlin"))]), ["c"]),
            (.any([.equals("isOpen", .flag(false)), .lessThan("amount", .number(0))]), ["b", "c", "d"]),
            (.all([]), ["a", "b", "c", "d", "e"]),
            (.any([]), []),
        ] as [(AttributeFilter, [String])])
    func filters(filter: AttributeFilter, expected: [String]) throws {
        for partitions in [1, 3] as [PartitionCounts] {
            let driver = try driver(partitions: partitions)
            try driver.inputTopic("cases", key: .string, value: .json(Case.self)).pipe(keyValues: some)
            let found = try driver.store(.vectors(similarCases)).search(near: [1, 0], count: 5, matching: filter)
            #expect(found.matches.map(\.key) == expected)
            #expect(found.isComplete == (expected.count == 5))
        }
    }
}
