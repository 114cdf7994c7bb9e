/// Recall against cost, as the effort grows.
package struct Curve: Codable, Sendable {
    package struct Point: Codable, Sendable {
        package var effort: Int
        package var recall: Double
        /// Of what searches, by round.
        package var cpuMicroseconds: [Double]
        /// Of a server's client, by round.
        package var clientMicroseconds: [Double]
        /// On the wall, by round.
        package var microseconds: [Double]
    }

    package var subject: String
    package var buildCPUSeconds: Double?
    package var sizeInBytes: Int
    package var points: [Point] = []

    /// Returns a cost at a recall, by round: interpolated between the two efforts around it, the cost on a logarithmic scale. `nil` if the
    /// curve does not reach the recall. If it begins above it, that is its cost at the beginning.
    package func costs(atRecall recall: Double, _ cost: (Point) -> [Double]) -> [Double]? {
        let sorted = points.sorted { $0.effort < $1.effort }
        guard let after = sorted.firstIndex(where: { $0.recall >= recall }) else { return nil }
        guard after > 0 else { return cost(sorted[0]) }
        let (low, high) = (sorted[after - 1], sorted[after])
        let share = (recall - low.recall) / (high.recall - low.recall)
        return zip(cost(low), cost(high)).map { low, high in
            low > 0 && high > 0 ? low * power(high / low, share) : low + (high - low) * share
        }
    }
}

/// The middle of some numbers; 0 if there are none.
package func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    if sorted.isEmpty { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
