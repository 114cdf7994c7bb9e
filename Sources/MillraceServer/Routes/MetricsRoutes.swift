import Dispatch
import HTTPTypes
import Hummingbird
import MillraceMetrics
import NIOCore

/// The metrics of the instance, as Prometheus scrapes them.
struct MetricsRoutes: RouteGroup {
    let scrape: MetricsScrape

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/metrics",
                summary: "The metrics of this instance, in Prometheus' text format or in OpenMetrics.",
                replies: [
                    Route.Reply(
                        status: 200, summary: "The metrics.",
                        content: ["text/plain": Schema.text, "application/openmetrics-text": Schema.text])
                ],
                answer: { request in
                    let format = Exposition.negotiated(accept: request.head.headerFields[.accept])
                    return .text(await text(format), type: format.contentType)
                })
        ]
    }

    /// Returns the metrics. Databases are asked for theirs, so it does not run on a thread of the server.
    private func text(_ format: Exposition) async -> String {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: scrape.text(format)) }
        }
    }
}
