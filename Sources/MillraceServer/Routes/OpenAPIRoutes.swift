import HTTPTypes
import Hummingbird

/// The description of all endpoints for programs, made of the routes themselves.
struct OpenAPIRoutes: RouteGroup {
    /// The groups that are described, besides this one.
    let groups: [any RouteGroup]
    /// The description of them all.
    let summary: String
    /// Whether callers need a token.
    let needsToken: Bool

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/openapi.json", summary: "This description, in OpenAPI 3.1.", permission: .none,
                replies: [
                    Route.Reply(
                        status: 200, summary: "The description.",
                        content: ["application/json": #"{"type": "object"}"#])
                ], answer: { _ in .json(document) })
        ]
    }

    /// The document.
    var document: String {
        let all = groups.flatMap(\.routes) + routes
        let paths = Dictionary(grouping: all, by: \.path).sorted { $0.key < $1.key }
        var members: [(String, String?)] = [
            ("openapi", JSON.quoted("3.1.0")),
            (
                "info",
                JSON.object([
                    ("title", JSON.quoted("Millrace")), ("version", JSON.quoted("1")),
                    (
                        "description",
                        JSON.quoted(summary)
                    ),
                ])
            ),
            (
                "paths",
                JSON.object(
                    paths.map { path, routes in
                        (path, JSON.object(routes.map { ($0.method.rawValue.lowercased(), operation($0)) }))
                    })
            ),
        ]
        var components: [(String, String?)] = [
            ("schemas", JSON.object(Schema.shared.map { ($0.0, $0.1) }))
        ]
        if needsToken {
            components.append(("securitySchemes", #"{"token": {"type": "http", "scheme": "bearer"}}"#))
        }
        members.append(("components", JSON.object(components)))
        return JSON.object(members)
    }

    private func operation(_ route: Route) -> String {
        var replies = route.replies
        if needsToken, route.permission != .none {
            replies.append(.failure(401, "The request has no known token."))
            if !replies.contains(where: { $0.status == 403 }) {
                replies.append(.failure(403, "The token does not give the right."))
            }
        }
        if !replies.contains(where: { $0.status == 400 }) { replies.append(.failure(400, "The request is wrong.")) }
        return JSON.object([
            ("summary", JSON.quoted(route.summary)),
            ("parameters", JSON.array(route.parameters.map(parameter))),
            (
                "requestBody",
                route.body.map {
                    JSON.object([
                        ("required", "true"), ("content", #"{"application/json": {"schema": \#($0)}}"#),
                    ])
                }
            ),
            ("responses", JSON.object(replies.map { ("\($0.status)", reply($0, of: route)) })),
            ("security", needsToken && route.permission != .none ? #"[{"token": []}]"# : nil),
        ])
    }

    private func parameter(_ parameter: Parameter) -> String {
        JSON.object([
            ("name", JSON.quoted(parameter.name)), ("in", JSON.quoted(parameter.place.rawValue)),
            ("required", "\(parameter.place == .path || parameter.isRequired)"),
            ("description", JSON.quoted(parameter.summary)),
            ("schema", parameter.kind.schema), ("example", parameter.example.map(JSON.quoted)),
        ])
    }

    private func reply(_ reply: Route.Reply, of route: Route) -> String {
        // Callers without the right learn no position.
        let hasPosition = route.stores != .none && reply.status != 401 && reply.status != 403
        let content = reply.content.sorted { $0.key < $1.key }.map { ($0.key, #"{"schema": \#($0.value)}"#) }
        return JSON.object([
            ("description", JSON.quoted(reply.summary)),
            ("headers", hasPosition ? Schema.positionHeader : nil),
            ("content", content.isEmpty ? nil : JSON.object(content)),
        ])
    }
}

extension Route.Reply {
    static func failure(_ status: Int, _ summary: String) -> Route.Reply {
        Route.Reply(status: status, summary: summary, content: ["application/json": Schema.error])
    }
}

extension Parameter.Kind {
    fileprivate var schema: String {
        switch self {
        case .text(let maxCount): #"{"type": "string", "maxLength": \#(maxCount)}"#
        case .integer(let range):
            #"{"type": "integer", "format": "int64", "minimum": \#(range.lowerBound), "maximum": \#(range.upperBound)}"#
        case .number(let range):
            #"{"type": "number", "minimum": \#(range.lowerBound), "maximum": \#(range.upperBound)}"#
        case .flag: #"{"type": "string", "enum": ["true", "false"]}"#
        case .position: #"{"type": "string", "pattern": \#(JSON.quoted(PositionText.pattern))}"#
        case .pageToken:
            #"{"type": "string", "maxLength": \#(Parameter.maxTokenCount), "pattern": "^[a-zA-Z0-9_-]*$"}"#
        case .choice(let choices): #"{"type": "string", "enum": \#(JSON.array(choices.map(JSON.quoted)))}"#
        }
    }
}
