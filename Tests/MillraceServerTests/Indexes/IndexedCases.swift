import Foundation
import Millrace
import MillraceVectors
import NIOHTTP1
import TestSupport
import Testing

/// A case with a vector, as tests of indexes keep it in a table.
struct IndexedCase: Codable, Sendable, Equatable {
    var embedding: [Float]
    var city: String
    var amount: Double
    var isOpen: Bool

    static let dimensions = 8
    static let cities = ["Berlin", "Bonn", "Köln"]

    static func random(_ random: inout SeededNumbers) -> IndexedCase {
        IndexedCase(
            embedding: vector(&random), city: cities[Int(random.next() % 3)], amount: Double(random.next() % 100),
            isOpen: random.next() % 2 == 0)
    }

    /// A vector that is not short.
    static func vector(_ random: inout SeededNumbers) -> [Float] {
        (0..<dimensions).map { _ in Float(Int64(random.next() % 2_001) - 1_000) / 1_000 + 0.0001 }
    }

    /// The cosine of the angle to a vector.
    func score(_ vector: [Float]) -> Double {
        var (product, own, other) = (0.0, 0.0, 0.0)
        for (one, two) in zip(embedding, vector) {
            product += Double(one) * Double(two)
            own += Double(one) * Double(one)
            other += Double(two) * Double(two)
        }
        return product / (own * other).squareRoot()
    }
}

/// A topology with an indexed table, and its contents.
struct IndexedCases {
    static let index = VectorIndex<String, IndexedCase>(
        "similar-cases", of: \.embedding, dimensions: IndexedCase.dimensions,
        attributes: [.text("city") { $0.city }, .number("amount") { $0.amount }, .flag("isOpen") { $0.isOpen }])

    var cases: [String: IndexedCase] = [:]
    var random: SeededNumbers

    init(count: Int, seed: UInt64 = 7) {
        random = SeededNumbers(seed: seed)
        for number in 0..<count { cases["case-\(number)"] = .random(&random) }
    }

    @Sendable static func table() throws -> Topology {
        let builder = StreamsBuilder()
        builder.table(
            TestBroker.input, key: .string, value: .json(IndexedCase.self), into: .store("cases").indexed(by: index))
        return try builder.build()
    }

    @Sendable static func tableWithoutIndex() throws -> Topology {
        let builder = StreamsBuilder()
        builder.table(TestBroker.input, key: .string, value: .json(IndexedCase.self), into: .store("cases"))
        return try builder.build()
    }

    @Sendable static func globalTable() throws -> Topology {
        let builder = StreamsBuilder()
        _ = builder.globalTable(
            TestBroker.input, key: .string, value: .json(IndexedCase.self), into: .store("cases").indexed(by: index))
        return try builder.build()
    }

    func write(to broker: TestBroker) throws {
        let encoder = JSONEncoder()
        try broker.write(
            cases.sorted { $0.key < $1.key }.map { key, value in
                (key: key, value: String(decoding: try encoder.encode(value), as: UTF8.self), timestampMs: 1_000)
            })
    }

    /// The keys of the nearest cases, by comparing all of them.
    func nearest(
        to vector: [Float], count: Int, where isIncluded: (String, IndexedCase) -> Bool = { _, _ in true }
    ) -> [String] {
        cases.filter { isIncluded($0.key, $0.value) }.map { (key: $0.key, score: $0.value.score(vector)) }
            .sorted { ($1.score, $0.key) < ($0.score, $1.key) }.prefix(count).map(\.key)
    }
}

extension TestServer {
    /// Searches an index.
    func search(
        _ body: [String: Any], of index: String = "similar-cases", query: String = "",
        headers: [(String, String)] = []
    ) async throws -> Reply {
        let text = String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
        return try await search(text: text, of: index, query: query, headers: headers)
    }

    func search(
        text: String, of index: String = "similar-cases", query: String = "", headers: [(String, String)] = []
    ) async throws -> Reply {
        try await send(
            .POST, "/indexes/\(index)/search\(query)", [("content-type", "application/json")] + headers, body: text)
    }

    /// Waits until the index has some number of entries on all instances together, and gives its description.
    @discardableResult
    func awaitsEntries(_ count: Int, of index: String = "similar-cases") async throws -> [String: Any] {
        var found: [String: Any] = [:]
        try await eventually("\(count) entries in the index") {
            let indexes = try await self.get("/indexes").json["indexes"] as? [[String: Any]] ?? []
            found = indexes.first { $0["name"] as? String == index } ?? [:]
            let total = found["total"] as? [String: Any] ?? [:]
            // A new index of an empty store is complete when its thread has looked at the store.
            return total["entryCount"] as? Int == count && total["isComplete"] as? Bool == true
        }
        return found
    }
}

extension Reply {
    /// The keys of the matches of a search, in their order.
    var matchedKeys: [String] {
        get throws { ((try json["matches"] as? [[String: Any]]) ?? []).compactMap { $0["key"] as? String } }
    }
}
