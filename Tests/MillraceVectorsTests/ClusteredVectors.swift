import TestSupport

/// Vectors in clusters, from a seed.
struct ClusteredVectors {
    let dimensions: Int
    private var random: SeededNumbers
    private let centers: [[Float]]

    init(dimensions: Int, clusters: Int, seed: UInt64) {
        self.dimensions = dimensions
        var random = SeededNumbers(seed: seed)
        centers = (0..<clusters).map { _ in (0..<dimensions).map { _ in Self.normal(&random) } }
        self.random = random
    }

    mutating func next() -> [Float] {
        let center = centers[random.below(centers.count)]
        return center.map { $0 + 0.5 * Self.normal(&random) }
    }

    mutating func next(_ count: Int) -> [[Float]] { (0..<count).map { _ in next() } }

    /// A number about zero: the sum of four even ones, which is near enough to a normal distribution.
    private static func normal(_ random: inout SeededNumbers) -> Float {
        (0..<4).reduce(0) { sum, _ in sum + Float.random(in: -1...1, using: &random) }
    }
}
