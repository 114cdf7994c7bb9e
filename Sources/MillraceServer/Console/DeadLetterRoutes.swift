import HTTPTypes
import Hummingbird
import Millrace
import MillraceOperations
import MillraceRuntime

/// The latest dead letters, as they stand in their topics. Every instance reads the same topics, so no other one is asked.
struct DeadLetterRoutes: RouteGroup {
    private let topics: [String]
    private let letters: LatestLetters
    private let reads = Slots(2, "reads")

    private static let defaultLimit = 50
    private static let maxLimit: Int64 = 200

    init(application: StreamsApplication) {
        let configuration = application.configuration
        topics = configuration.errorHandlers.deadLetterTopics
        letters = LatestLetters(topics, ClusterConnection(configuration))
    }

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/dead-letters",
                summary: "Lists dead letters, the newest first, with the beginnings of their keys and values.",
                parameters: [
                    .query("limit", .integer(1...Self.maxLimit), "The most letters; \(Self.defaultLimit) by default."),
                    .query("before", .position, "The `before` of the page with newer letters."),
                ],
                replies: [
                    Route.Reply(
                        status: 200, summary: "The topics of dead letters and a page of letters.",
                        content: ["application/json": ConsoleSchema.deadLetters]),
                    .failure(429, "Other reads are running."), .failure(502, "The broker has refused the read."),
                    .failure(503, "No broker answers."),
                ], answer: answer)
        ]
    }

    private func answer(_ request: RouteRequest) async throws -> Response {
        let limit = request.parameters.integer("limit").map { Int($0) } ?? Self.defaultLimit
        let page = try await read(limit, request.parameters["before"].map { Position($0) ?? Position() })
        return .json(
            JSON.object([
                ("topics", JSON.array(topics.map(JSON.quoted))), ("letters", JSON.array(page.letters.map(\.json))),
                ("before", page.before.map { JSON.quoted($0.description) }),
            ]))
    }

    private func read(_ limit: Int, _ before: Position?) async throws -> LatestLetters.Page {
        if topics.isEmpty { return LatestLetters.Page() }
        let slot = try reads.take()
        let letters = letters
        return try await blocking(in: slot) { () throws(OperationError) in
            try letters.page(limit: limit, before: before)
        }
    }
}

extension LatestLetters.Letter {
    fileprivate var json: String {
        JSON.object([
            ("topic", JSON.quoted(topic)), ("partition", "\(id.partition)"), ("offset", "\(id.offset)"),
            ("timestampMs", "\(timestampMs)"), ("exception", exception.map(JSON.quoted)),
            ("message", message.map(JSON.quoted)), ("node", operatorName.map(JSON.quoted)),
            ("sourceTopic", sourceTopic.map(JSON.quoted)), ("sourcePartition", sourcePartition.map { "\($0)" }),
            ("sourceOffset", sourceOffset.map { "\($0)" }), ("key", key.map { JSONFragment.bytes($0).text }),
            ("value", value.map { JSONFragment.bytes($0).text }), ("valueSizeInBytes", "\(valueSizeInBytes)"),
        ])
    }
}
