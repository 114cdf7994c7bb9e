import CoreMetrics
import Synchronization

/// The value of one series, as the registry keeps it.
protocol MetricCell: AnyObject, Sendable {
    /// The samples of the series, all of one moment.
    func samples(with labels: [MetricLabel]) -> [ExposedFamily.Sample]
}

/// A counter of whole numbers. It does not go back, and stays at the largest number once it has reached it.
final class IntegerCell: CounterHandler, MetricCell {
    private let value = Mutex<Int64>(0)

    var total: Int64 { value.withLock { $0 } }

    func increment(by amount: Int64) {
        if amount <= 0 { return }
        value.withLock { value in
            let (sum, overflows) = value.addingReportingOverflow(amount)
            value = overflows ? .max : sum
        }
    }

    func reset() { value.withLock { $0 = 0 } }

    func samples(with labels: [MetricLabel]) -> [ExposedFamily.Sample] {
        [ExposedFamily.Sample(labels: labels, value: "\(total)")]
    }
}

/// A counter of numbers with fractions. It does not go back.
final class RealCell: FloatingPointCounterHandler, MetricCell {
    private let value = Mutex<Double>(0)

    var total: Double { value.withLock { $0 } }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        value.withLock { $0 += amount }
    }

    func reset() { value.withLock { $0 = 0 } }

    func samples(with labels: [MetricLabel]) -> [ExposedFamily.Sample] {
        [ExposedFamily.Sample(labels: labels, value: Exposition.number(total))]
    }
}

/// A value that goes up and down.
final class GaugeCell: MeterHandler, RecorderHandler, MetricCell {
    private let value = Mutex<Double>(0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    func samples(with labels: [MetricLabel]) -> [ExposedFamily.Sample] {
        [ExposedFamily.Sample(labels: labels, value: Exposition.number(value.withLock { $0 }))]
    }
}

/// The distribution of recorded values or times.
final class HistogramCell: RecorderHandler, TimerHandler, MetricCell {
    private struct Distribution {
        var counts: [Int]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let distribution: Mutex<Distribution>

    /// - Parameter bounds: the inclusive upper bounds of the buckets, in ascending order.
    init(bounds: [Double]) {
        self.bounds = bounds
        distribution = Mutex(Distribution(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        if value.isNaN { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        distribution.withLock { distribution in
            distribution.counts[bucket] += 1
            distribution.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func samples(with labels: [MetricLabel]) -> [ExposedFamily.Sample] {
        let distribution = distribution.withLock { $0 }
        var below = 0
        let buckets = zip(bounds.map(Exposition.number) + ["+Inf"], distribution.counts).map { bound, count in
            below += count
            return ExposedFamily.Sample(
                suffix: "_bucket", labels: labels + [MetricLabel(name: "le", value: bound)], value: "\(below)")
        }
        return buckets + [
            ExposedFamily.Sample(suffix: "_sum", labels: labels, value: Exposition.number(distribution.sum)),
            ExposedFamily.Sample(suffix: "_count", labels: labels, value: "\(below)"),
        ]
    }
}

/// A histogram that is reported as counters: one for each bucket, which count what is below a bound, a sum and a count.
final class CountersCell: MetricCell {
    private struct Parts {
        /// The counters by their bounds.
        var buckets: [String: IntegerCell] = [:]
        var sum: RealCell?
        var count: IntegerCell?
    }

    private let parts = Mutex(Parts())

    func bucket(_ bound: String) -> IntegerCell {
        parts.withLock { parts in
            let cell = parts.buckets[bound] ?? IntegerCell()
            parts.buckets[bound] = cell
            return cell
        }
    }

    func sum() -> RealCell {
        parts.withLock { parts in
            let cell = parts.sum ?? RealCell()
            parts.sum = cell
            return cell
        }
    }

    func count() -> IntegerCell {
        parts.withLock { parts in
            let cell = parts.count ?? IntegerCell()
            parts.count = cell
            return cell
        }
    }

    func samples(with labels: [MetricLabel]) -> [ExposedFamily.Sample] {
        let parts = parts.withLock { $0 }
        guard let sum = parts.sum, let count = parts.count else { return [] }
        let buckets = parts.buckets.map { (bound: Double($0) ?? .infinity, text: $0, count: $1.total) }
            .sorted { $0.bound < $1.bound }
        guard buckets.last?.bound == .infinity else { return [] }
        return buckets.map {
            ExposedFamily.Sample(
                suffix: "_bucket", labels: labels + [MetricLabel(name: "le", value: $0.text)], value: "\($0.count)")
        } + [
            ExposedFamily.Sample(suffix: "_sum", labels: labels, value: Exposition.number(sum.total)),
            ExposedFamily.Sample(suffix: "_count", labels: labels, value: "\(count.total)"),
        ]
    }
}
