import CoreMetrics
import Logging
import Millrace
import MillraceConnectRuntime
import MillraceMetrics
import MillraceRuntime
import MillraceServer
import ServiceLifecycle
import Testing

/// The examples of docs/monitoring.md and of the comments, as they stand there.
@Suite("Examples in the documentation of metrics")
struct MetricsExamples {
    /// Compiled only: it would run until it is told to stop.
    private func reports(
        _ application: StreamsApplication, _ factory: any MetricsFactory, _ logger: Logger
    ) async throws {
        let reporter = StreamsMetricsReporter(application, factory: factory, every: .seconds(10))
        let group = ServiceGroup(services: [application, reporter], logger: logger)
        try await group.run()
    }

    /// Compiled only: it would run until it is told to stop.
    private func reports(_ worker: ConnectWorker, _ factory: any MetricsFactory, _ logger: Logger) async throws {
        let reporter = ConnectMetricsReporter(worker, factory: factory)
        let group = ServiceGroup(services: [worker, reporter], logger: logger)
        try await group.run()
    }

    /// Compiled only: a process can bootstrap one backend.
    private func bootstraps(
        _ application: StreamsApplication, _ factory: any MetricsFactory, _ logger: Logger
    ) async throws {
        MetricsSystem.bootstrap(factory)
        let reporter = StreamsMetricsReporter(application, factory: factory)
        let group = ServiceGroup(services: [application, reporter], logger: logger)
        try await group.run()
    }

    /// Compiled only: a process can bootstrap one backend.
    private func scrapes() -> String {
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        let text = registry.exposition()
        return text
    }

    /// Compiled only: a process can bootstrap one backend.
    private func serves(_ application: StreamsApplication) -> MillraceServer {
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        let server = MillraceServer(application: application, metrics: registry)
        return server
    }
}
