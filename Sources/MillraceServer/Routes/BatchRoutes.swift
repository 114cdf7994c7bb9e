import HTTPTypes
import Hummingbird
import Millrace
import NIOCore

/// Reads of several keys in one request.
struct BatchRoutes: RouteGroup {
    let owners: Owners

    private var limits: ServerLimits { owners.stores.limits }

    private struct Keys: Codable, Sendable {
        var keys: [String]

        static let serde = Serde.json(Keys.self)
    }

    var routes: [Route] {
        [
            Route(
                method: .post, path: "/stores/{store}/entries:batch",
                summary: "Reads several keys; what is found is in the order of the keys, null where there is nothing.",
                stores: .named,
                parameters: [
                    .store(example: "risk-store"), KeyFormat.parameter,
                    .query("raw", .flag, "Whether keys and values are bytes in Base64."),
                ] + Parameter.ofReads,
                body: """
                    {"type": "object", "required": ["keys"], "properties": {"keys": {"type": "array", "maxItems": \
                    \(limits.maxBatchKeys), "items": {"type": "string", "maxLength": \(Parameter.maxTextCount)}}}}
                    """,
                replies: [
                    Route.Reply(
                        status: 200, summary: "The entries.",
                        content: [
                            "application/json": Schema.found, EntryLines.mediaType: Schema.text,
                        ]),
                    Route.Reply(
                        status: 404, summary: "There is no such store.", content: ["application/json": Schema.error]),
                    Route.Reply(
                        status: 413, summary: "The body is too large.", content: ["application/json": Schema.error]),
                    Route.Reply(
                        status: 415, summary: "The body is no application/json.",
                        content: ["application/json": Schema.error]),
                ] + Route.Reply.ofReads, answer: { try await read($0) })
        ]
    }

    private func read(_ request: RouteRequest) async throws -> Response {
        let type = request.head.headerFields[.contentType]?.prefix { $0 != ";" }.filter { !$0.isWhitespace }
        guard type?.lowercased() == "application/json" else {
            throw Failure(.unsupportedMediaType, "media_type", "the body must be application/json")
        }
        let name = try request.parameters.pathText("store")
        let store = try owners.stores.handle(name)
        guard let body = try? request.body.withUnsafeReadableBytes(Keys.serde.deserialize) else {
            throw Failure.badRequest(#"the body must be {"keys": ["…", …]}"#, code: "body_invalid")
        }
        guard body.keys.count <= limits.maxBatchKeys else {
            throw Failure.badRequest("a request may have \(limits.maxBatchKeys) keys", code: "too_many_keys")
        }
        // Another instance writes the same keys in hexadecimal, which is longer.
        if !request.isForwarded, body.keys.contains(where: { $0.unicodeScalars.count > Parameter.maxTextCount }) {
            throw Failure.badRequest(
                "a key is longer than \(Parameter.maxTextCount) characters", code: "body_invalid")
        }
        let format = KeyFormat(request.parameters)
        let batch = Batch(
            owners: owners, store: name, keys: try body.keys.map { try format.bytes($0, in: store) },
            terms: request.terms(limits), isRaw: request.parameters.flag("raw"))
        let found = try await batch.run()
        if request.prefers(EntryLines.mediaType) {
            return .text(found.text, type: EntryLines.mediaType, position: found.position.description)
        }
        return .json(found.object, position: found.position.description)
    }
}
