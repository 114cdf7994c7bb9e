public import CoreMetrics
public import MillraceConnectRuntime
import MillraceRuntime
public import ServiceLifecycle
import Synchronization

/// Reports the metrics of a worker's connectors to a swift-metrics backend, again and again.
///
/// ```swift
/// let reporter = ConnectMetricsReporter(worker, factory: factory)
/// let group = ServiceGroup(services: [worker, reporter], logger: logger)
/// ```
///
/// The label `client` is the worker's name. Instruments of tasks that have moved away are destroyed.
public final class ConnectMetricsReporter: Service {
    private let worker: ConnectWorker
    private let factory: any MetricsFactory
    private let interval: Duration
    private let series = Mutex(SeriesTable())

    /// Makes a reporter.
    ///
    /// - Parameters:
    ///   - worker: the worker whose connectors are reported.
    ///   - factory: the backend.
    ///   - interval: the time between two reports of ``run()``; 10 s by default.
    public init(_ worker: ConnectWorker, factory: any MetricsFactory, every interval: Duration = .seconds(10)) {
        self.worker = worker
        self.factory = factory
        self.interval = interval
    }

    /// Reports once.
    public func report() {
        var metrics = StreamsMetrics()
        metrics.clientID = worker.configuration.name
        let snapshot = MetricsSnapshot(
            metrics: metrics, state: nil, stores: [], process: .read(), connectors: worker.status,
            connectorDifferences: worker.differences.count)
        series.withLock { $0.report(snapshot, of: MetricFamily.ofConnectors + MetricFamily.ofProcess, to: factory) }
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
