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
