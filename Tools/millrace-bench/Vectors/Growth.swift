import Foundation

/// The cost of a search as the set grows tenfold and tenfold again.
package struct Growth: Codable, Sendable {
    package struct Step: Codable, Sendable {
        package var count: Int
        package var buildCPUSeconds: Double
        package var curve: Curve
    }

    package var dimensions: Int
    /// The number of directions in which the vectors differ; `nil` for all.
    package var degrees: Int?
    package var steps: [Step] = []

    package static let counts = [10_000, 31_623, 100_000, 316_228, 1_000_000]
    /// At every size the same queries are made.
    private static let queryCount = 300

    /// Measures graphs over ever larger parts of one set.
    package init(
        dimensions: Int = 128, degrees: Int?, counts: [Int] = Self.counts, rounds: Int,
        log: @escaping (String) -> Void
    ) throws {
        self.dimensions = dimensions
        self.degrees = degrees
        let largest = VectorSet.clustered(
            counts.max() ?? 0, dimensions: dimensions, queries: Self.queryCount, degrees: degrees)
        for count in counts.sorted() {
            let set = largest.prefix(count)
            let graph = try GraphSubject(set)
            let truth = try Truth(of: set, count: 10)
            var comparison = Comparison(set, truth: truth, subjects: [graph], rounds: rounds, log: log)
            comparison.leastEffort = 64
            guard let curve = try comparison.run().first else { continue }
            steps.append(Step(count: count, buildCPUSeconds: graph.buildCPUSeconds ?? 0, curve: curve))
        }
    }

    /// The cost of a search at each size, at a recall or with an effort.
    package func microseconds(atRecall recall: Double) -> [(count: Int, cpu: Double)] {
        steps.compactMap { step in
            step.curve.costs(atRecall: recall, \.cpuMicroseconds).map { (step.count, median($0)) }
        }
    }

    package func microseconds(effort: Int) -> [(count: Int, cpu: Double, recall: Double)] {
        steps.compactMap { step in
            step.curve.points.first { $0.effort == effort }.map { (step.count, median($0.cpuMicroseconds), $0.recall) }
        }
    }
}
