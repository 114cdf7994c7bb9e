/// The present value of one series, for people.
package struct MetricSummary: Sendable, Hashable {
    /// The distribution of what a histogram has counted.
    package struct Distribution: Sendable, Hashable {
        package var count: Double
        package var sum: Double
        /// Estimated within the bucket: values in a bucket are taken to be spread evenly. `nil` without values.
        package var median: Double?
        /// The value that 99 % do not exceed, estimated in the same way.
        package var p99: Double?
    }

    /// The family's name, with its unit.
    package var name: String
    package var help: String
    /// `counter`, `gauge` or `histogram`.
    package var kind: String
    /// The base unit, `seconds` or `bytes`; `nil` for others.
    package var unit: String?
    package var labels: [(name: String, value: String)] { pairs.map { (name: $0.name, value: $0.value) } }
    /// The value of a counter or a gauge.
    package var value: Double?
    /// The distribution of a histogram.
    package var distribution: Distribution?
    private var pairs: [MetricLabel]

    /// Makes the summaries of a family's series, in their order.
    static func all(of family: ExposedFamily) -> [MetricSummary] {
        var order: [[MetricLabel]] = []
        var samples: [[MetricLabel]: [ExposedFamily.Sample]] = [:]
        for sample in family.samples {
            let labels = sample.suffix == "_bucket" ? sample.labels.filter { $0.name != "le" } : sample.labels
            if samples[labels] == nil { order.append(labels) }
            samples[labels, default: []].append(sample)
        }
        return order.map { MetricSummary(family.description, $0, samples[$0] ?? []) }
    }

    private init(_ family: MetricDescription, _ labels: [MetricLabel], _ samples: [ExposedFamily.Sample]) {
        (name, help, kind) = (family.name, family.help, family.kind.rawValue)
        unit = family.unit?.rawValue
        pairs = labels
        if family.kind == .histogram {
            distribution = Self.distribution(samples)
        } else {
            value = samples.first.flatMap { Double($0.value) }
        }
    }

    private static func distribution(_ samples: [ExposedFamily.Sample]) -> Distribution {
        let number = { (suffix: String) in samples.last { $0.suffix == suffix }.flatMap { Double($0.value) } ?? 0 }
        let buckets = samples.filter { $0.suffix == "_bucket" }.compactMap { sample in
            let bound = sample.labels.last { $0.name == "le" }?.value
            return bound.flatMap { Double($0.replacing("+Inf", with: "inf")) }.flatMap { bound in
                Double(sample.value).map { (bound: bound, below: $0) }
            }
        }
        return Distribution(
            count: number("_count"), sum: number("_sum"), median: quantile(0.5, buckets), p99: quantile(0.99, buckets))
    }

    /// Prometheus: `histogram_quantile`.
    private static func quantile(_ share: Double, _ buckets: [(bound: Double, below: Double)]) -> Double? {
        guard let count = buckets.last?.below, count > 0 else { return nil }
        let rank = share * count
        var (lower, before) = (0.0, 0.0)
        for (bound, below) in buckets {
            if below >= rank, below > before {
                return bound.isFinite ? lower + (bound - lower) * (rank - before) / (below - before) : lower
            }
            if bound.isFinite { lower = bound }
            before = below
        }
        return lower
    }
}
