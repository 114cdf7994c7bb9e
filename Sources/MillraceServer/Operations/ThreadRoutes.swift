import Hummingbird
import Millrace
import MillraceRuntime

/// Adding and removing the worker threads of an instance: the one that is asked, or another one.
struct ThreadRoutes: RouteGroup {
    let instances: OperatedInstances

    private static let integer = #"{"type": "integer"}"#

    var routes: [Route] {
        [
            route("/threads/add", "Starts one more worker thread.") { application, _ in try application.addThread() },
            route(
                "/threads/remove", "Removes a worker thread, once it has committed and left its group.",
                parameters: [
                    .query(
                        "thread", .integer(0...Int64(Int32.max)), "The number of the thread; by default the highest.")
                ], conflict: "It is the only thread."
            ) { application, thread in try await application.removeThread(thread) },
        ]
    }

    private func route(
        _ path: String, _ summary: String, parameters: [Parameter] = [],
        conflict: String = "There are as many threads as there can be.",
        _ change: @escaping @Sendable (StreamsApplication, Int?) async throws -> Int
    ) -> Route {
        Route(
            method: .post, path: path, summary: summary, permission: .operate,
            parameters: parameters + [OperatedInstances.instance],
            replies: OperatedInstances.replies([
                "thread": Self.integer, "threads": Schema.list(Self.integer),
            ]) + [.failure(409, conflict)],
            answer: { request in
                let application = instances.application
                let thread = request.parameters.integer("thread").map { Int($0) }
                let target = path + (thread.map { "?thread=\($0)" } ?? "")
                let limit = application.configuration.closeTimeout + .seconds(5)
                return try await instances.perform(request, on: .this, target: target, within: limit) {
                    let changed = try await change(application, thread)
                    return [
                        ("thread", "\(changed)"),
                        ("threads", JSON.array(application.threads.map { "\($0.id)" })),
                    ]
                }
            })
    }
}
