import Foundation

@testable import MillraceVectors

/// A directory for the files of a test, which is deleted at the end.
final class ScratchDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "vectors-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// What an index has to contain: the vectors by key, compared by brute force in double precision.
struct IndexModel {
    var vectors: [String: [Float]] = [:]

    mutating func set(_ key: String, to vector: [Float]?) { vectors[key] = vector }

    /// Checks that found keys are the nearest ones. Distances that differ by rounding only count as equal.
    func isNearest(
        _ found: [String], to query: [Float], count: Int, metric: VectorMetric,
        where mayReturn: (String) -> Bool = { _ in true }
    ) -> Bool {
        let distances = vectors.filter { mayReturn($0.key) }.mapValues { distance($0, query, metric) }
        let expected = distances.values.sorted().prefix(count)
        let actual = found.compactMap { distances[$0] }
        guard Set(found).count == found.count, actual.count == found.count, actual.count == expected.count else {
            return false
        }
        return zip(actual, expected).allSatisfy { abs($0 - $1) < 1e-3 }
    }

    /// Attributes that follow from a vector: its first component, missing if it is near zero; a text; whether the last is positive.
    static let schema = try? AttributeSchema([
        .init(name: "first", kind: .number), .init(name: "text", kind: .text), .init(name: "isUp", kind: .flag),
    ])

    static func attributes(of vector: [Float]?) -> [AttributeValue?] {
        guard let vector, let first = vector.first, let last = vector.last else { return [] }
        let text = String(repeating: "ab", count: Int(abs(first) * 8))
        return [abs(first) < 0.1 ? nil : .number(Double(first)), .text(text), .flag(last > 0)]
    }

    static func row(of vector: [Float]) -> AttributeRow {
        attributes(of: vector).map { $0.flatMap(StoredAttribute.init) }
    }

    /// Filters of these attributes, with what they say about a vector.
    static let filters: [(AttributeFilter, @Sendable ([Float]) -> Bool)] = [
        (.moreThan("first", .number(0.3)), { Double($0[0]) > 0.3 }),
        (.equals("text", .text("abab")), { Int(abs($0[0]) * 8) == 2 }),
        (.all([.equals("isUp", .flag(true)), .lessThan("first", .number(-0.5))]), { $0.last! > 0 && $0[0] < -0.5 }),
        (
            .any([.notEquals("text", .text("")), .equals("isUp", .flag(false))]),
            { Int(abs($0[0]) * 8) != 0 || $0.last! <= 0 }
        ),
        (
            .any([.atMost("first", .number(0)), .oneOf("text", [.text("ab"), .text("ababab"), .text("none")])]),
            { abs($0[0]) >= 0.1 && $0[0] <= 0 || [1, 3].contains(Int(abs($0[0]) * 8)) }
        ),
    ]

    /// Checks that searches with these filters find the nearest entries that fit.
    func hasNearest(
        in snapshot: IndexSnapshot, to query: [Float], count: Int, metric: VectorMetric, effort: Int? = nil
    ) throws -> Bool {
        try Self.filters.allSatisfy { filter, fits in
            let found = try snapshot.search(near: query, count: count, effort: effort, matching: filter)
            let keys = found.map { String(decoding: $0.key, as: UTF8.self) }
            return isNearest(keys, to: query, count: count, metric: metric) { vectors[$0].map(fits) ?? false }
        }
    }

    private func distance(_ first: [Float], _ second: [Float], _ metric: VectorMetric) -> Double {
        func dot(_ first: [Float], _ second: [Float]) -> Double {
            zip(first, second).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        switch metric {
        case .cosine: return 1 - dot(first, second) / (dot(first, first) * dot(second, second)).squareRoot()
        case .dotProduct: return -dot(first, second)
        case .euclidean: return dot(first, first) + dot(second, second) - 2 * dot(first, second)
        }
    }
}

extension IndexSnapshot {
    func keys(
        near vector: [Float], count: Int, effort: Int? = nil, where mayReturn: ((String) -> Bool)? = nil
    ) throws -> [String] {
        let filter = mayReturn.map { mayReturn in
            { (key: UnsafeRawBufferPointer) in mayReturn(String(decoding: key, as: UTF8.self)) }
        }
        return try search(near: vector, count: count, effort: effort, where: filter)
            .map { String(decoding: $0.key, as: UTF8.self) }
    }
}
