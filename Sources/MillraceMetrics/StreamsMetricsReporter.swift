public import CoreMetrics
import Millrace
public import MillraceRuntime
public import ServiceLifecycle
import Synchronization

/// Reports the metrics of an application to a swift-metrics backend, again and again.
///
/// ```swift
/// MetricsSystem.bootstrap(factory)
/// let reporter = StreamsMetricsReporter(application, factory: factory)
/// let group = ServiceGroup(services: [application, reporter], logger: logger)
/// ```
///
/// The labels and units are those of docs/monitoring.md. A histogram is reported as Prometheus stores it, which any backend can keep:
/// a counter `<name>_bucket` for each bound, which is the dimension `le`; `<name>_sum`; and `<name>_count`. Instruments of tasks,
/// partitions and stores that have moved away are destroyed.
public final class StreamsMetricsReporter: Service {
    private let application: StreamsApplication
    private let factory: any MetricsFactory
    private let interval: Duration
    private let series = Mutex(SeriesTable())

    /// Makes a reporter. End-to-end latencies are measured from now on.
    ///
    /// - Parameters:
    ///   - application: the application whose metrics are reported.
    ///   - factory: the backend.
    ///   - interval: the time between two reports of ``run()``; 10 s by default.
    public init(
        _ application: StreamsApplication, factory: any MetricsFactory, every interval: Duration = .seconds(10)
    ) {
        self.application = application
        self.factory = factory
        self.interval = interval
        application.beginMeasuringLatency()
    }

    /// Reports once.
    public func report() {
        let snapshot = MetricsSnapshot(
            metrics: application.metrics, state: application.stateMetrics, stores: application.stores,
            process: .read())
        series.withLock { $0.report(snapshot, to: factory) }
    }

    /// Reports after each interval, until the task is cancelled or its service group shuts down gracefully, and once more at the
    /// end.
    public func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                self.report()
                try? await Task.sleep(for: self.interval)
            }
        }
        report()
    }
}

/// The instruments of all series that were reported last.
struct SeriesTable {
    private struct Key: Hashable {
        var family: String
        var labels: [String]
    }

    private struct Entry {
        var instrument: Instrument
        var report: Int
    }

    private var entries: [Key: Entry] = [:]
    private var reports = 0

    /// Sets the instruments of a snapshot, and destroys those of series that it does not have.
    mutating func report(
        _ snapshot: MetricsSnapshot, of families: [MetricFamily] = MetricFamily.all, to factory: any MetricsFactory
    ) {
        reports += 1
        for family in families {
            for sample in family.read(snapshot) {
                let isOfClient = family.description.labels.first == "client"
                let labels = (isOfClient ? [snapshot.metrics.clientID] : []) + sample.labels
                let key = Key(family: family.description.name, labels: labels)
                let instrument =
                    entries[key]?.instrument
                    ?? Instrument(
                        family.description, Array(zip(family.description.labels, labels)), sample.value, factory)
                instrument.report(sample.value)
                entries[key] = Entry(instrument: instrument, report: reports)
            }
        }
        for (key, entry) in entries where entry.report != reports {
            entry.instrument.destroy()
            entries[key] = nil
        }
    }
}
