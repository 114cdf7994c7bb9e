public import CoreMetrics
import MillraceRuntime
public import MillraceVectors
public import ServiceLifecycle
import Synchronization

/// Reports the metrics of caches of embeddings to a swift-metrics backend, again and again.
///
/// ```swift
/// let registry = PrometheusRegistry()
/// let cacheMetrics = EmbeddingCacheMetricsReporter([cache], client: "agent-1", factory: registry)
/// ```
///
/// A server that has the same registry shows them at `/metrics`.
public final class EmbeddingCacheMetricsReporter: Service {
    private let caches: [EmbeddingCache]
    private let client: String
    private let factory: any MetricsFactory
    private let interval: Duration
    private let series = Mutex(SeriesTable())

    /// Makes a reporter.
    ///
    /// - Parameters:
    ///   - caches: The caches; their names have to be different.
    ///   - client: The name of this instance, which is the label `client`.
    ///   - factory: The backend.
    ///   - interval: The time between two reports of ``run()``; 5 s by default.
    public init(
        _ caches: [EmbeddingCache], client: String, factory: any MetricsFactory, every interval: Duration = .seconds(5)
    ) {
        self.caches = caches
        self.client = client
        self.factory = factory
        self.interval = interval
    }

    /// Reports once.
    public func report() {
        var metrics = StreamsMetrics()
        metrics.clientID = client
        let figures = caches.map { CacheFigures(name: $0.name, measures: $0.measures) }
        let snapshot = MetricsSnapshot(metrics: metrics, state: nil, stores: [], process: nil, caches: figures)
        series.withLock { $0.report(snapshot, of: MetricFamily.ofEmbeddingCaches, to: factory) }
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
