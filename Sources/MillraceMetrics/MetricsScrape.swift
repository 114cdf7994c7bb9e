package import MillraceConnectRuntime
package import MillraceRuntime
import Synchronization

/// The metrics of an application, or of a worker of connectors, as a scraper gets them, up to date at each scrape.
package final class MetricsScrape: Sendable {
    private let registry: PrometheusRegistry
    private let report: @Sendable () -> Void
    /// Keeps the parts of one scrape together.
    private let turn = Mutex(())

    /// - Parameter registry: the registry to which the application's metrics are added.
    package init(_ application: StreamsApplication, registry: PrometheusRegistry) {
        self.registry = registry
        let reporter = StreamsMetricsReporter(application, factory: registry)
        report = { reporter.report() }
    }

    /// - Parameter registry: the registry to which the worker's metrics are added.
    package init(_ worker: ConnectWorker, registry: PrometheusRegistry) {
        self.registry = registry
        let reporter = ConnectMetricsReporter(worker, factory: registry)
        report = { reporter.report() }
    }

    /// Returns the text of all metrics. It asks the databases, so it blocks for some milliseconds if there are many.
    package func text(_ format: Exposition) -> String {
        turn.withLock { _ in
            report()
            return registry.exposition(format)
        }
    }

    /// Returns the present values of all series, for people. It blocks as ``text(_:)`` does.
    package var summaries: [MetricSummary] {
        turn.withLock { _ in
            report()
            return registry.summaries
        }
    }
}
