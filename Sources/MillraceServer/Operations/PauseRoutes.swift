import Hummingbird
import Millrace
import MillraceRuntime

/// Pausing and resuming the processing of all instances, or of one.
struct PauseRoutes: RouteGroup {
    let instances: OperatedInstances

    var routes: [Route] {
        [
            route(
                "/pause", "Pauses processing: no records, no punctuations, until it is resumed or restarted.",
                one: { try $0.pause(subtopology: $1) }, all: { $0.pause() }),
            route(
                "/resume", "Resumes processing that was paused.", one: { try $0.resume(subtopology: $1) },
                all: { $0.resume() }),
        ]
    }

    private func route(
        _ path: String, _ summary: String, one: @escaping @Sendable (StreamsApplication, Int) throws -> Void,
        all: @escaping @Sendable (StreamsApplication) -> Void
    ) -> Route {
        Route(
            method: .post, path: path, summary: summary, permission: .operate,
            parameters: [
                .query(
                    "subtopology", .integer(0...Int64(Int32.max)),
                    "The number of a sub-topology; without it all of them."),
                OperatedInstances.instance,
            ],
            replies: OperatedInstances.replies([
                "paused": #"{"type": "boolean"}"#, "pausedSubtopologies": Schema.list(#"{"type": "integer"}"#),
            ]),
            answer: { request in
                let application = instances.application
                let subtopology = request.parameters.integer("subtopology").map { Int($0) }
                let target = path + (subtopology.map { "?subtopology=\($0)" } ?? "")
                return try await instances.perform(request, on: .all, target: target) {
                    if let subtopology { try one(application, subtopology) } else { all(application) }
                    return [
                        ("paused", "\(application.isPaused)"),
                        ("pausedSubtopologies", JSON.array(application.pausedSubtopologies.map(\.description))),
                    ]
                }
            })
    }
}
