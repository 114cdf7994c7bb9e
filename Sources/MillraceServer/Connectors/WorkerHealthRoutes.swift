import HTTPTypes
import Hummingbird
import MillraceConnectRuntime

/// Whether a worker is alive, and whether its tasks can run: what orchestrators ask.
struct WorkerHealthRoutes: RouteGroup {
    let worker: ConnectWorker

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/health/live", summary: "Whether the process has to be restarted.",
                permission: .none,
                replies: [
                    Route.Reply(status: 200, summary: "It lives.", content: ["application/json": Schema.health])
                ], isShort: true, answer: { _ in answer() }),
            Route(
                method: .get, path: "/health/ready", summary: "Whether the process shares the tasks of the worker.",
                permission: .none,
                replies: [
                    Route.Reply(status: 200, summary: "It is ready.", content: ["application/json": Schema.health]),
                    .failure(503, "It starts or stops."),
                ], isShort: true,
                answer: { _ in
                    guard worker.isRunning else {
                        throw Failure(.serviceUnavailable, "not_ready", "the worker starts or stops")
                    }
                    return answer()
                }),
        ]
    }

    private func answer() -> Response {
        .json(JSON.object([("state", JSON.quoted(worker.isRunning ? "running" : "starting"))]))
    }
}
