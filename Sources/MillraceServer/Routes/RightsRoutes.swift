import HTTPTypes
import Hummingbird

/// The rights of the caller, so that a page offers only what its user may do.
struct RightsRoutes: RouteGroup {
    let access: AccessControl

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/rights", summary: "Lists the rights of the caller: read, operate, or both.",
                permission: .none,
                replies: [
                    Route.Reply(
                        status: 200, summary: "The rights, in alphabetical order.",
                        content: ["application/json": Schema.object(["rights": Schema.list(Schema.text)])]),
                    .failure(401, "The server needs a token, and the request has no known one."),
                ],
                answer: { request in
                    let rights = try access.rights(of: request.head).map(\.rawValue).sorted()
                    return .json(JSON.object([("rights", JSON.array(rights.map(JSON.quoted)))]))
                })
        ]
    }
}
