import CoreMetrics
import Millrace

/// The swift-metrics instrument of one series. Instruments count increments, so each remembers the total that it has reported.
///
/// A total that is less than the last one belongs to a task that was opened anew: all of it is an increment.
final class Instrument {
    private enum Kind {
        case counter(Counter, reported: Int)
        case floatingPointCounter(FloatingPointCounter, reported: Double)
        case meter(Meter)
        case histogram(buckets: [Counter], sum: FloatingPointCounter, count: Counter, reported: LatencyHistogram)
    }

    private var kind: Kind

    /// Makes the instrument that a family's values need.
    init(
        _ family: MetricDescription, _ dimensions: [(String, String)], _ value: MetricValue,
        _ factory: any MetricsFactory
    ) {
        let name = family.name
        kind =
            switch (value, family.kind) {
            case (.histogram(let histogram), _):
                .histogram(
                    buckets: Self.bucketBounds(of: histogram).map { bound in
                        Counter(label: name + "_bucket", dimensions: dimensions + [("le", bound)], factory: factory)
                    }, sum: FloatingPointCounter(label: name + "_sum", dimensions: dimensions, factory: factory),
                    count: Counter(label: name + "_count", dimensions: dimensions, factory: factory),
                    reported: LatencyHistogram(histogram.resolution))
            case (.integer, .counter):
                .counter(Counter(label: name, dimensions: dimensions, factory: factory), reported: 0)
            case (.real, .counter):
                .floatingPointCounter(
                    FloatingPointCounter(label: name, dimensions: dimensions, factory: factory), reported: 0)
            case (.integer, _), (.real, _): .meter(Meter(label: name, dimensions: dimensions, factory: factory))
            }
    }

    /// The upper bounds of a histogram's buckets in seconds, as the dimension `le` has them.
    private static func bucketBounds(of histogram: LatencyHistogram) -> [String] {
        histogram.bounds.map { Exposition.number($0.inSeconds) } + ["+Inf"]
    }

    func report(_ value: MetricValue) {
        switch (kind, value) {
        case (.counter(let counter, let reported), .integer(let total)):
            counter.increment(by: total < reported ? total : total - reported)
            kind = .counter(counter, reported: total)
        case (.floatingPointCounter(let counter, let reported), .real(let total)):
            counter.increment(by: total < reported ? total : total - reported)
            kind = .floatingPointCounter(counter, reported: total)
        case (.meter(let meter), .integer(let value)): meter.set(value)
        case (.meter(let meter), .real(let value)): meter.set(value)
        case (.histogram(let buckets, let sum, let count, let reported), .histogram(let total)):
            let last = total.count < reported.count ? LatencyHistogram(total.resolution) : reported
            var below = 0
            for (counter, (new, old)) in zip(buckets, zip(total.counts, last.counts)) {
                below += new - old
                counter.increment(by: below)
            }
            sum.increment(by: total.sum.inSeconds - last.sum.inSeconds)
            count.increment(by: total.count - last.count)
            kind = .histogram(buckets: buckets, sum: sum, count: count, reported: total)
        default: assertionFailure("a family has values of two types")
        }
    }

    func destroy() {
        switch kind {
        case .counter(let counter, _): counter.destroy()
        case .floatingPointCounter(let counter, _): counter.destroy()
        case .meter(let meter): meter.destroy()
        case .histogram(let buckets, let sum, let count, _):
            for counter in buckets + [count] { counter.destroy() }
            sum.destroy()
        }
    }
}
