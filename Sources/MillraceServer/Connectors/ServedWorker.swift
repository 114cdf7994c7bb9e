import MillraceConnectRuntime
import MillraceMetrics

/// A worker of connectors.
struct ServedWorker: ServedContent {
    let worker: ConnectWorker

    var summary: String { "The connectors of a worker, seen and operated from any of its processes." }

    var undescribedGroups: [any RouteGroup] { [ConsoleRoutes(files: ConsoleFile.ofConnectors)] }

    func groups(_ parts: ServerParts) -> [any RouteGroup] {
        let scrape = MetricsScrape(worker, registry: parts.metrics)
        return [
            WorkerHealthRoutes(worker: worker), MetricsRoutes(scrape: scrape), MetricSummaryRoutes(scrape: scrape),
            ConnectorRoutes(worker: worker, peers: parts.peers, listening: parts.listening),
            RightsRoutes(access: parts.access),
        ]
    }
}
