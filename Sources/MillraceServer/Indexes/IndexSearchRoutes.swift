import HTTPTypes
import Hummingbird
import Millrace
import MillraceRuntime
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Searches of indexes, merged over all partitions and instances.
struct IndexSearchRoutes: RouteGroup {
    let owners: Owners

    private var limits: ServerLimits { owners.stores.limits }
    private static let defaultCount = 10

    private static let index = Parameter.path("index", "The name of the index.", example: "similar-cases")

    var routes: [Route] {
        [
            Route(
                method: .post, path: "/indexes/{index}/search",
                summary: "Finds the entries that are most like an example, in all partitions, the best first.",
                stores: .ofIndex,
                parameters: [
                    Self.index, KeyFormat.parameter,
                    .query("raw", .flag, "Whether keys and values are bytes in Base64."),
                    .query(
                        "partitions", .text(maxCount: Parameter.maxTextCount),
                        "The only partitions to search, separated by commas."),
                ] + Parameter.ofReads,
                body: body,
                replies: [
                    Route.Reply(
                        status: 200, summary: "The matches.",
                        content: ["application/json": IndexSchema.matches, EntryLines.mediaType: Schema.text]),
                    Route.Reply(
                        status: 404, summary: "There is no such index, or nothing under the key.",
                        content: ["application/json": Schema.error]),
                    Route.Reply(
                        status: 413, summary: "The body is too large.", content: ["application/json": Schema.error]),
                    Route.Reply(
                        status: 415, summary: "The body is no application/json.",
                        content: ["application/json": Schema.error]),
                    Route.Reply(
                        status: 429, summary: "Too many searches are running.",
                        content: ["application/json": Schema.error]),
                ] + Route.Reply.ofReads, answer: { try await search($0) }),
            Route(
                method: .get, path: "/indexes/{index}/examples/{key}",
                summary: "Gives the body of the search for entries that are like the one of a key: its vector.",
                stores: .ofIndex,
                parameters: [
                    Self.index, .path("key", "The key, as the store's serde reads it.", example: "case-1"),
                    KeyFormat.parameter,
                ] + Parameter.ofReads,
                replies: [
                    Route.Reply(
                        status: 200, summary: "The search.", content: ["application/json": IndexSchema.example]),
                    Route.Reply(
                        status: 404, summary: "There is no such index, or nothing under the key.",
                        content: ["application/json": Schema.error]),
                ] + Route.Reply.ofReads, answer: { try await example($0) }),
        ]
    }

    /// The schema of a search. That of vectors is named, because it is the kind that Millrace brings.
    private var body: String {
        """
        {"type": "object", "properties": {"key": {"type": "string", "maxLength": \(Parameter.maxTextCount)}, \
        "count": {"type": "integer", "minimum": 1, "maximum": \(limits.maxPageEntries)}, \
        "vector": {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "string"}]}, \
        "effort": {"anyOf": [{"type": "string", "enum": ["exact"]}, {"type": "integer", "minimum": 1}]}, \
        "filter": {"type": "object"}}}
        """
    }

    private func search(_ request: RouteRequest) async throws -> Response {
        let type = request.head.headerFields[.contentType]?.prefix { $0 != ";" }.filter { !$0.isWhitespace }
        guard type?.lowercased() == "application/json" else {
            throw Failure(.unsupportedMediaType, "media_type", "the body must be application/json")
        }
        let terms = request.terms(limits)
        let index = try owners.index(named: request.parameters.pathText("index"))
        var search = try index.search(from: Data(request.body.readableBytesView))
        // Another instance asks for one entry more, where a key's own is left out.
        let most = limits.maxPageEntries + (request.isForwarded ? 1 : 0)
        let count = search.count ?? Self.defaultCount
        guard (1...most).contains(count) else {
            throw Failure.badRequest("count must be from 1 to \(limits.maxPageEntries)", code: "search_invalid")
        }
        let slot = try owners.stores.takeSearch()
        defer { slot.free() }
        var own: String?
        if let text = search.key {
            guard text.unicodeScalars.count <= Parameter.maxTextCount else {
                throw Failure.badRequest(
                    "the key is longer than \(Parameter.maxTextCount) characters", code: "search_invalid")
            }
            let store = try owners.stores.handle(index.store)
            let key = try KeyFormat(request.parameters).bytes(text, in: store)
            let example = try await MergedSearch.example(of: key, in: index, owners, terms)
            search = try search.like(Data(example.value.utf8))
            own = Batch.hex(key)
        }
        try search.check()
        let merged = MergedSearch(
            owners: owners, index: index, search: search, count: own == nil ? count : count + 1,
            only: try partitions(request.parameters), terms: terms, isRaw: request.parameters.flag("raw"))
        var found = try await merged.run()
        if let own {
            found.matches.removeAll { $0.key == own }
            found.matches.removeLast(max(0, found.matches.count - count))
        }
        let position = found.position.description
        return request.isForwarded
            ? .text(found.text, type: EntryLines.mediaType, position: position)
            : .json(found.object(asked: count), position: position)
    }

    private func partitions(_ parameters: Parameters) throws(Failure) -> [Int32]? {
        guard let text = parameters["partitions"] else { return nil }
        var partitions: [Int32] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let partition = Int32(part), partition >= 0 else {
                throw .badRequest(
                    "partitions must be numbers from 0 on, separated by commas", code: "parameter_invalid")
            }
            partitions.append(partition)
        }
        return partitions
    }

    private func example(_ request: RouteRequest) async throws -> Response {
        let index = try owners.index(named: request.parameters.pathText("index"))
        let store = try owners.stores.handle(index.store)
        let key = try KeyFormat(request.parameters).bytes(request.parameters.pathText("key"), in: store)
        let example = try await MergedSearch.example(of: key, in: index, owners, request.terms(limits))
        return .json(MergedSearch.json(of: example), position: example.position.description)
    }
}

extension Owners {
    /// Returns an index of the topology.
    ///
    /// - Throws: `Failure` with 404 if there is no such index, with 400 if only Swift code can search it.
    func index(named name: String) throws(Failure) -> ServedIndex {
        do {
            let found = try application.index(named: name)
            return try ServedIndex(name, found.plan, of: found.store)
        } catch let error as StreamsError {
            throw Failure(.notFound, "index_unknown", error.message)
        } catch {
            throw Failure(error)
        }
    }
}
