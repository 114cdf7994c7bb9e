import Dispatch
import Hummingbird
import MillraceMetrics

/// The metrics of this instance, and those of the program around it, for people.
struct MetricSummaryRoutes: RouteGroup {
    let scrape: MetricsScrape

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/metric-summaries",
                summary:
                    "Lists the present values of this instance's metrics and the program's; of histograms the count, the mean, the median and the 99th percentile.",
                replies: [
                    Route.Reply(
                        status: 200, summary: "The series in the order of their names.",
                        content: ["application/json": ConsoleSchema.metricSummaries])
                ],
                answer: { _ in
                    .json(JSON.object([("series", JSON.array(await summaries().map(\.json)))]))
                })
        ]
    }

    /// Databases are asked for their metrics, so it does not run on a thread of the server.
    private func summaries() async -> [MetricSummary] {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: scrape.summaries) }
        }
    }
}

extension MetricSummary {
    fileprivate var json: String {
        JSON.object([
            ("name", JSON.quoted(name)), ("help", JSON.quoted(help)), ("kind", JSON.quoted(kind)),
            ("unit", unit.map(JSON.quoted)),
            ("labels", JSON.object(labels.map { ($0.name, JSON.quoted($0.value)) })),
            ("value", Self.number(value)), ("count", Self.number(distribution?.count)),
            ("sum", Self.number(distribution?.sum)), ("median", Self.number(distribution?.median)),
            ("p99", Self.number(distribution?.p99)),
        ])
    }

    /// JSON has no numbers for what is not finite.
    private static func number(_ value: Double?) -> String? {
        value.flatMap { $0.isFinite ? "\($0)" : nil }
    }
}
