public import CoreMetrics
import Synchronization

/// A swift-metrics backend whose metrics Prometheus can scrape.
///
/// ```swift
/// let registry = PrometheusRegistry()
/// MetricsSystem.bootstrap(registry)
/// let text = registry.exposition()
/// ```
///
/// Names become Prometheus': characters that it does not allow become `_`; counters end with `_total`; timers are histograms of
/// seconds; recorders that aggregate are histograms, the others gauges. A metric whose name another one of another kind has taken is not
/// kept.
public final class PrometheusRegistry: MetricsFactory, Sendable {
    private struct Series {
        var cell: any MetricCell
        /// The number of instruments that write to it.
        var users = 0
        /// The handlers of its instruments; a histogram that is reported as counters has several.
        var handlers: Set<ObjectIdentifier> = []
    }

    private struct Family {
        var description: MetricDescription
        var series: [[MetricLabel]: Series] = [:]
    }

    private struct Place {
        var family: String
        var labels: [MetricLabel]
    }

    private struct State {
        var families: [String: Family] = [:]
        /// The family that has taken each name.
        var taken: [String: String] = [:]
        /// The series of each handler.
        var places: [ObjectIdentifier: Place] = [:]
    }

    private let state: Mutex<State>
    /// The histograms that are reported as counters.
    private let countedHistograms: Set<String>

    /// Makes an empty registry.
    public convenience init() { self.init(MetricFamily.all.map(\.description)) }

    /// - Parameter declared: the families of which help and unit are known.
    init(_ declared: [MetricDescription]) {
        var state = State()
        for description in declared {
            state.families[description.name] = Family(description: description)
            for name in description.takenNames { state.taken[name] = description.name }
        }
        self.state = Mutex(state)
        countedHistograms = Set(declared.filter { $0.kind == .histogram }.map(\.name))
    }

    /// Returns the present values of all metrics in Prometheus' text format.
    public func exposition() -> String { exposition(.text) }

    package func exposition(_ format: Exposition) -> String { format.write(exposed) }

    /// Returns the present values of all series, for people.
    package var summaries: [MetricSummary] { exposed.flatMap(MetricSummary.all) }

    private var exposed: [ExposedFamily] {
        let families = state.withLock { state in
            state.families.values.sorted { $0.description.name < $1.description.name }
        }
        return families.map { family in
            ExposedFamily(
                description: family.description,
                samples: family.series.sorted { $0.key.lexicographicallyPrecedes($1.key) }
                    .flatMap { $1.cell.samples(with: $0) })
        }
    }

    // MARK: Making and destroying

    /// Makes the handler of a counter of whole numbers.
    ///
    /// - Parameters:
    ///   - label: the name.
    ///   - dimensions: the labels, as pairs of name and value.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        if let (name, suffix) = countedHistogram(label, ["_bucket", "_count"]) {
            let bound = dimensions.last { $0.0 == "le" }?.1
            let part = handler(
                MetricDescription(name: name, kind: .histogram, help: ""), dimensions.filter { $0.0 != "le" },
                CountersCell.init
            ) { suffix == "_count" ? $0.count() : $0.bucket(bound ?? "+Inf") }
            return part ?? NOOPMetricsHandler.instance
        }
        return handler(counter(label), dimensions, IntegerCell.init) { $0 } ?? NOOPMetricsHandler.instance
    }

    /// Makes the handler of a counter of numbers with fractions.
    ///
    /// - Parameters:
    ///   - label: the name.
    ///   - dimensions: the labels, as pairs of name and value.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        if let (name, _) = countedHistogram(label, ["_sum"]) {
            let histogram = MetricDescription(name: name, kind: .histogram, help: "")
            return handler(histogram, dimensions, CountersCell.init) { $0.sum() } ?? NOOPMetricsHandler.instance
        }
        return handler(counter(label), dimensions, RealCell.init) { $0 } ?? NOOPMetricsHandler.instance
    }

    /// Makes the handler of a gauge.
    ///
    /// - Parameters:
    ///   - label: the name.
    ///   - dimensions: the labels, as pairs of name and value.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        handler(gauge(label), dimensions, GaugeCell.init) { $0 } ?? NOOPMetricsHandler.instance
    }

    /// Makes the handler of a histogram, or of a gauge if the recorder does not aggregate.
    ///
    /// - Parameters:
    ///   - label: the name.
    ///   - dimensions: the labels, as pairs of name and value.
    ///   - aggregate: whether the values are distributed over buckets.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if !aggregate {
            return handler(gauge(label), dimensions, GaugeCell.init) { $0 } ?? NOOPMetricsHandler.instance
        }
        let description = MetricDescription(name: MetricNames.metric(label), kind: .histogram, help: help(label))
        return handler(description, dimensions, Self.makeValues) { $0 }
            ?? NOOPMetricsHandler.instance
    }

    /// Makes the handler of a histogram of seconds.
    ///
    /// - Parameters:
    ///   - label: the name.
    ///   - dimensions: the labels, as pairs of name and value.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = MetricNames.metric(label)
        let description = MetricDescription(
            name: name.hasSuffix("_seconds") ? name : name + "_seconds", kind: .histogram, unit: .seconds,
            help: help(label))
        return handler(description, dimensions, Self.makeTimes) { $0 }
            ?? NOOPMetricsHandler.instance
    }

    /// Removes a counter, unless another instrument writes to it too.
    public func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    /// Removes a counter, unless another instrument writes to it too.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }
    /// Removes a gauge, unless another instrument writes to it too.
    public func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
    /// Removes a histogram or gauge, unless another instrument writes to it too.
    public func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    /// Removes a histogram, unless another instrument writes to it too.
    public func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

    private func destroy(_ handler: AnyObject) {
        state.withLock { state in
            guard let place = state.places[ObjectIdentifier(handler)],
                var series = state.families[place.family]?.series[place.labels]
            else { return }
            series.users -= 1
            state.families[place.family]?.series[place.labels] = series.users > 0 ? series : nil
            if series.users <= 0 { for handler in series.handlers { state.places[handler] = nil } }
        }
    }

    // MARK: Names

    /// The upper bounds of the buckets of times, in seconds: Prometheus' own.
    private static let timeBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// The upper bounds of the buckets of other values.
    private static let valueBounds: [Double] = (-3...6).flatMap { exponent in
        var power = 1.0
        for _ in 0..<abs(exponent) { power *= 10 }
        return exponent < 0 ? [1 / power, 5 / power] : [power, 5 * power]
    }

    private static func makeTimes() -> HistogramCell { HistogramCell(bounds: timeBounds) }
    private static func makeValues() -> HistogramCell { HistogramCell(bounds: valueBounds) }

    private func counter(_ label: String) -> MetricDescription {
        let name = MetricNames.metric(label)
        return MetricDescription(
            name: name.hasSuffix("_total") ? name : name + "_total", kind: .counter, help: help(label))
    }

    private func gauge(_ label: String) -> MetricDescription {
        MetricDescription(name: MetricNames.metric(label), kind: .gauge, help: help(label))
    }

    private func help(_ label: String) -> String { "The metric \(label)." }

    /// Returns the declared histogram of which a counter is a part, and the part.
    private func countedHistogram(_ label: String, _ suffixes: [String]) -> (name: String, suffix: String)? {
        for suffix in suffixes where label.hasSuffix(suffix) {
            let name = String(label.dropLast(suffix.count))
            if countedHistograms.contains(name) { return (name, suffix) }
        }
        return nil
    }

    /// Returns the handler of a series; `nil` if its name is taken by a metric of another kind.
    private func handler<Cell: MetricCell, Handler: AnyObject & Sendable>(
        _ description: MetricDescription, _ dimensions: [(String, String)], _ make: () -> Cell,
        _ select: (Cell) -> Handler
    ) -> Handler? {
        let labels = MetricNames.labels(dimensions, isHistogram: description.kind == .histogram)
        return state.withLock { state in
            let name = description.name
            if let family = state.families[name] {
                guard family.description.kind == description.kind else { return nil }
            } else {
                guard description.takenNames.allSatisfy({ state.taken[$0] == nil }) else { return nil }
                state.families[name] = Family(description: description)
                for taken in description.takenNames { state.taken[taken] = name }
            }
            var series = state.families[name]?.series[labels] ?? Series(cell: make())
            guard let cell = series.cell as? Cell else { return nil }
            let handler = select(cell)
            series.users += 1
            series.handlers.insert(ObjectIdentifier(handler))
            state.families[name]?.series[labels] = series
            state.places[ObjectIdentifier(handler)] = Place(family: name, labels: labels)
            return handler
        }
    }
}
