import Millrace
import MillraceTesting
import MillraceVectors

/// The vectors that a table has, compared by brute force with what an index finds.
///
/// Their components are small whole numbers, so that distances are exact, and often equal.
struct VectorCheck {
    private var vectors: [[UInt8]: [Float]] = [:]

    private static let serde = Serde.json([Float].self)
    private static let queries: [[Float]] = [[0, 0, 0], [2, -1, 3], [-3, 3, 1]]

    init(_ entries: [[UInt8]: [UInt8]]) throws {
        vectors = try entries.mapValues { try $0.withUnsafeBytes(Self.serde.deserialize) }
    }

    /// Returns what is wrong with an index; `nil` if it has exactly these vectors.
    func problem(of view: IndexSnapshot) throws -> String? {
        if view.count != vectors.count { return "has \(view.count) entries instead of \(vectors.count)" }
        for query in Self.queries {
            let exact = try view.search(near: query, count: 4, effort: nil).map(\.key)
            if let problem = problem(of: exact, near: query, count: 4) { return problem }
            let all = try view.search(near: query, count: .max, effort: nil).map(\.key)
            if let problem = problem(of: all, near: query, count: .max) { return problem }
            let walked = try view.search(near: query, count: 4, effort: 4).map(\.key)
            if let problem = problemOfSome(walked, near: query) { return problem }
        }
        return nil
    }

    /// Returns what is wrong with searches through an application's handle of the index.
    func problem(of index: QueryableVectorIndex<String, [Float]>) throws -> String? {
        for query in Self.queries {
            let exact = try index.search(near: query, count: 4, effort: .exact).matches
            if let match = exact.first(where: { vectors[Array($0.key.utf8)] != $0.value }) {
                return "\(match.key) is found with the value \(match.value)"
            }
            let keys = exact.map { Array($0.key.utf8) }
            if let problem = problem(of: keys, near: query, count: 4) { return problem }
            let filtered = try index.search(near: query, count: 2, effort: .approximate(candidates: 4)) { key, value in
                value[0] > 0
            }
            let passing = vectors.filter { $0.value[0] > 0 }.count
            if filtered.matches.count != min(2, passing) {
                return "\(filtered.matches.count) entries pass a filter instead of \(min(2, passing))"
            }
            let walked = try index.search(near: query, count: 4, effort: .approximate(candidates: 4)).matches
            if let problem = problemOfSome(walked.map { Array($0.key.utf8) }, near: query) { return problem }
        }
        return nil
    }

    private func distance(_ first: [Float], _ second: [Float]) -> Float {
        zip(first, second).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }

    private func problem(of found: [[UInt8]], near query: [Float], count: Int) -> String? {
        let expected = vectors.values.map { distance($0, query) }.sorted().prefix(count)
        let distances = found.compactMap { vectors[$0].map { distance($0, query) } }
        if distances == Array(expected), Set(found).count == found.count { return nil }
        return "finds \(texts(found)) near \(query) at \(distances) instead of \(Array(expected))"
    }

    /// Checks what a search found that may miss some.
    private func problemOfSome(_ found: [[UInt8]], near query: [Float]) -> String? {
        let distances = found.compactMap { vectors[$0].map { distance($0, query) } }
        if distances.count == found.count, distances == distances.sorted(), Set(found).count == found.count {
            return nil
        }
        return "finds \(texts(found)) near \(query), which are not all there, or not in order"
    }

    private func texts(_ keys: [[UInt8]]) -> [String] { keys.map { String(decoding: $0, as: UTF8.self) } }
}

extension VectorCheck {
    /// Compares what each partition of an instance finds with the entries of the same commit, standbys included.
    static func problem(
        in stores: SimulatedStoreViews, of index: VectorIndex<String, [Float]>, partitions: Int32
    ) -> String? {
        for partition in 0..<partitions {
            let query = StoreQuery.index(index.name, key: String.self, value: [Float].self, view: IndexSnapshot.self)
                .partition(partition).enableStaleStores()
            do {
                let read = try stores.view(query).readCommit { handle in
                    var entries: [[UInt8]: [UInt8]] = [:]
                    guard let found = try handle.partitions().first else { return nil as String? }
                    try found.scan { key, value in
                        entries[Array(key)] = Array(value)
                        return true
                    }
                    return try VectorCheck(entries).problem(of: QueryableVectorIndex(handle, of: index))
                }
                if let problem = read.value { return "partition \(partition) at \(read.position) \(problem)" }
            } catch let error as StreamsError where [.storeUnavailable, .storeElsewhere].contains(error.code) {
                continue
            } catch {
                return "partition \(partition) cannot be searched: \(error)"
            }
        }
        return nil
    }
}
