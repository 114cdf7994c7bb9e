import MillraceVectors

/// The cost of searches with filters that few or many entries pass, beside the same search without one.
package struct FilterMeasure: Codable, Sendable {
    /// The kind of filter. Both kinds let the same entries pass.
    package enum Kind: String, Codable, Sendable, CaseIterable {
        /// A comparison of an attribute that the index keeps.
        case attribute
        /// A closure, which is asked about one entry after the other. It looks up a bit, so it is as cheap as closures are.
        case closure
    }

    package var kind: Kind
    /// The share of entries that pass.
    package var selectivity: Double
    /// The number of entries that pass.
    package var passing: Int
    /// The CPU time of a search, by round.
    package var cpuMicroseconds: [Double]
    /// The same without a filter, in turns.
    package var cpuMicrosecondsWithout: [Double]
    /// Whether every search has found as many entries as it was asked for, or all that pass.
    package var isComplete: Bool
    /// The share of the nearest entries that pass among those that were found.
    package var recall: Double

    package static let selectivities = [0.5, 0.05, 0.001]

    /// Returns a number from 0 up to 1 for each entry, by which entries pass. They are spread over all clusters.
    package static func ranks(_ entries: Int) -> [Double] {
        var random = SeededNormals(seed: 5)
        return (0..<entries).map { _ in Double(random.word() >> 11) / 0x1p53 }
    }

    /// Measures a filter.
    ///
    /// - Parameter index: an index of entries with the ranks as attributes.
    package init(
        _ index: IndexSubject, ranks: [Double], kind: Kind, selectivity: Double, count: Int = 10, rounds: Int
    ) throws {
        let effort = NeighborGraph.defaultEffort
        let passes = ranks.map { $0 < selectivity }
        func mayReturn(_ key: UnsafeRawBufferPointer) -> Bool {
            let row = Int(IndexSubject.row(of: key))
            return row >= 0 && row < passes.count && passes[row]
        }
        func search(effort: Int?) throws -> SearchRun {
            switch kind {
            case .attribute:
                let filter = AttributeFilter.lessThan(IndexSubject.rank, .number(selectivity))
                return try index.search(effort: effort, count: count, repetitions: 1, matching: filter)
            case .closure:
                return try index.search(effort: effort, count: count, repetitions: 1, where: mayReturn)
            }
        }
        self.kind = kind
        self.selectivity = selectivity
        passing = passes.count { $0 }
        (cpuMicroseconds, cpuMicrosecondsWithout) = ([], [])
        let exact = try index.search(effort: nil, count: count, repetitions: 1, where: mayReturn)
        let found = try search(effort: effort).found
        var (hits, expected, isComplete) = (0, 0, true)
        for first in stride(from: 0, to: found.count, by: count) {
            let (some, all) = (found[first..<first + count], exact.found[first..<first + count])
            let truth = Set(all.filter { $0 >= 0 })
            (hits, expected) = (hits + truth.intersection(some).count, expected + truth.count)
            isComplete = isComplete && some.count { $0 >= 0 } == min(count, passing)
        }
        self.isComplete = isComplete
        recall = expected == 0 ? 1 : Double(hits) / Double(expected)
        for _ in 0..<max(1, rounds) {
            let with = try search(effort: effort)
            let without = try index.search(effort: effort, count: count, repetitions: 3)
            cpuMicroseconds.append(with.cpuSeconds * 1e6 / Double(with.queries))
            cpuMicrosecondsWithout.append(without.cpuSeconds * 1e6 / Double(without.queries))
        }
    }
}
