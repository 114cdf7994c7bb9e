import HTTPTypes
import Hummingbird
import Millrace
import MillraceRuntime

/// Whether the instance is alive, and whether it can answer: what orchestrators ask.
struct HealthRoutes: RouteGroup {
    let application: StreamsApplication
    let stores: StoreAccess

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/health/live", summary: "Whether the instance has to be restarted.",
                permission: .none,
                replies: [
                    Route.Reply(status: 200, summary: "It lives.", content: ["application/json": Schema.health]),
                    Route.Reply(status: 503, summary: "It has ended.", content: ["application/json": Schema.error]),
                ], answer: { _ in try live() }),
            Route(
                method: .get, path: "/health/ready", summary: "Whether the instance runs and its stores can be read.",
                permission: .none,
                replies: [
                    Route.Reply(status: 200, summary: "It is ready.", content: ["application/json": Schema.health]),
                    Route.Reply(
                        status: 503, summary: "It starts, restores or stops.",
                        content: ["application/json": Schema.error]),
                ], answer: { _ in try ready() }),
        ]
    }

    private func live() throws -> Response {
        let state = application.state
        if state == .error || state == .pendingError {
            throw Failure(.serviceUnavailable, "failed", "the application is \(state.rawValue)")
        }
        return .json(JSON.object([("state", JSON.quoted(state.rawValue))]))
    }

    private func ready() throws -> Response {
        let state = application.state
        guard state == .running else {
            throw Failure(.serviceUnavailable, "not_ready", "the application is \(state.rawValue)")
        }
        // A store that nobody has asked for cannot be read until then, and is none of the probe's business.
        let followed = stores.followed
        let missing = application.stores.filter { store in
            followed.contains(store.name) && store.partitions.contains { $0.place == .unavailable }
        }
        guard missing.isEmpty else {
            let names = missing.map(\.name).joined(separator: ", ")
            throw Failure(.serviceUnavailable, "not_ready", "stores that cannot be read yet: \(names)")
        }
        return .json(JSON.object([("state", JSON.quoted(state.rawValue))]))
    }
}
