import HTTPTypes
import Hummingbird
import MillraceRuntime

/// Whether the instance is alive, and whether it can answer: what orchestrators ask.
struct HealthRoutes: RouteGroup {
    let application: StreamsApplication

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/health/live", summary: "Whether the instance has to be restarted.",
                permission: .none,
                replies: [
                    Route.Reply(status: 200, summary: "It lives.", content: ["application/json": Schema.health]),
                    Route.Reply(status: 503, summary: "It has ended.", content: ["application/json": Schema.error]),
                ], isShort: true, answer: { _ in try live() }),
            Route(
                method: .get, path: "/health/ready", summary: "Whether the instance runs and its stores can be read.",
                permission: .none,
                replies: [
                    Route.Reply(status: 200, summary: "It is ready.", content: ["application/json": Schema.health]),
                    Route.Reply(
                        status: 503, summary: "It starts, restores or stops.",
                        content: ["application/json": Schema.error]),
                ], isShort: true, answer: { _ in try ready() }),
        ]
    }

    private func live() throws -> Response {
        let state = application.state
        if state == .error || state == .pendingError {
            throw Failure(.serviceUnavailable, "failed", "the application is \(state.rawValue)")
        }
        return .json(JSON.object([("state", JSON.quoted(state.rawValue))]))
    }

    /// While the application runs, all its tasks have their stores. A store that is read for the first time makes nobody wait for the
    /// instance.
    private func ready() throws -> Response {
        let state = application.state
        guard state == .running else {
            throw Failure(.serviceUnavailable, "not_ready", "the application is \(state.rawValue)")
        }
        return .json(JSON.object([("state", JSON.quoted(state.rawValue))]))
    }
}
