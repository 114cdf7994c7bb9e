import Hummingbird
import Millrace
import MillraceRuntime

/// The latest errors of all instances, as far as they remember them.
struct ErrorRoutes: RouteGroup {
    let gather: InstanceGather

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/errors",
                summary:
                    "Lists the latest errors of each instance, the newest first: those of records, and those that ended threads.",
                replies: [
                    Route.Reply(
                        status: 200, summary: "The instances with their errors; this one is the first.",
                        content: ["application/json": ConsoleSchema.errors])
                ], answer: { request in await gather.response(to: request, target: "/errors", members) })
        ]
    }

    private func members() -> [(String, String?)] {
        [
            ("errors", JSON.array(gather.application.recentErrors.map(\.json))),
            ("troubles", JSON.array(gather.application.metrics.troubles.map(JSON.quoted))),
        ]
    }
}

extension RecentError {
    fileprivate var json: String {
        let (response, topic): (String?, String?) =
            switch self.response {
            case .fail: ("fail", nil)
            case .continue: ("continue", nil)
            case .deadLetter(let topic): ("dead-letter", topic)
            case nil: (nil, nil)
            }
        return JSON.object([
            ("timestampMs", "\(timestampMs)"), ("kind", JSON.quoted(kind.rawValue)),
            ("response", response.map(JSON.quoted)), ("deadLetterTopic", topic.map(JSON.quoted)),
            ("message", JSON.quoted(message)), ("node", node.map(JSON.quoted)), ("task", task.map(JSON.quoted)),
            ("topic", record.map { JSON.quoted($0.topic) }), ("partition", record.map { "\($0.partition)" }),
            ("offset", record.map { "\($0.offset)" }),
            ("key", key.map { JSON.quoted(String(decoding: $0, as: UTF8.self)) }),
        ])
    }
}
