import HTTPTypes
import Hummingbird
import Millrace
import MillraceRouting
import NIOCore

/// Scans of a store: ranges and prefixes of keys and of time, page by page or as a stream.
struct ScanRoutes: RouteGroup {
    let owners: Owners

    private var limits: ServerLimits { owners.stores.limits }
    private static let defaultLimit = 100

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/stores/{store}/entries",
                summary: "Reads the entries of all partitions, one partition after the other and in each by key.",
                stores: .named,
                parameters: [
                    .store(example: "risk-store"),
                    .query("from", .text(maxCount: Parameter.maxTextCount), "The first key."),
                    .query("to", .text(maxCount: Parameter.maxTextCount), "The last key, itself included."),
                    .query(
                        "prefix", .text(maxCount: Parameter.maxTextCount),
                        "What the keys begin with; for keys that are text, or with another key-format."),
                    .query(
                        "window-from", .integer(0...Int64.max),
                        "The earliest start of a window, or end of a session, in milliseconds."),
                    .query(
                        "window-to", .integer(0...Int64.max),
                        "The latest start of a window, or end of a session, in milliseconds."),
                    KeyFormat.parameter,
                    .query("raw", .flag, "Whether keys and values are bytes in Base64."),
                    .query(
                        "limit", .integer(1...Int64(limits.maxPageEntries)),
                        "The number of entries of a page; 100 if not given."),
                    .query("page", .pageToken, "The place that the page before has named as its next."),
                    .query("partition", .integer(0...Int64(Int32.max)), "The only partition to read."),
                ] + Parameter.ofReads,
                replies: [
                    Route.Reply(
                        status: 200,
                        summary:
                            "A page; with Accept: application/x-ndjson all entries as a stream, the last line of which has the position.",
                        content: [
                            "application/json": Schema.entries, EntryLines.mediaType: Schema.text,
                        ]),
                    Route.Reply(
                        status: 404, summary: "There is no such store.", content: ["application/json": Schema.error]),
                    Route.Reply(
                        status: 429, summary: "Too many scans are running.",
                        content: ["application/json": Schema.error]),
                ] + Route.Reply.ofReads, answer: { try await read($0) })
        ]
    }

    private func read(_ request: RouteRequest) async throws -> Response {
        let scan = try scan(request)
        let parameters = request.parameters
        let only = parameters.integer("partition").map { Int32(truncatingIfNeeded: $0) }
        let start = try parameters["page"].map { text throws(Failure) in try ScanPlace(text, of: scan.identity) }
        let first = start ?? ScanPlace(partition: only ?? 0)
        if let only, first.partition != only {
            throw Failure.badRequest("page is of another partition", code: "page_invalid")
        }
        let isStream = request.prefers(EntryLines.mediaType)
        if isStream, !request.isForwarded, parameters["limit"] == nil {
            return try await stream(scan, from: first, only: only, to: request.channel)
        }
        let limit =
            parameters.integer("limit").map { Int(clamping: $0) } ?? min(Self.defaultLimit, limits.maxPageEntries)
        let slot = try owners.stores.takeScan()
        defer { slot.free() }
        let page = try await scan.page(from: first, only: only, limit: limit)
        if isStream { return .text(page.text, type: EntryLines.mediaType, position: page.position.description) }
        return .json(page.object, position: page.position.description)
    }

    private func scan(_ request: RouteRequest) throws -> Scan {
        let parameters = request.parameters
        let name = try parameters.pathText("store")
        let store = try owners.stores.handle(name)
        let format = KeyFormat(parameters)
        var range = StoreRange(
            from: try parameters["from"].map { try format.bytes($0, in: store) },
            through: try parameters["to"].map { try format.bytes($0, in: store) })
        if let prefix = parameters["prefix"] {
            range.prefix = format == .text ? Array(prefix.utf8) : try format.bytes(prefix, in: store)
        }
        range.times = try parameters.range("window-from", "window-to")
        let kept = ["from", "to", "prefix", "window-from", "window-to", "key-format", "raw", "stale"]
        return Scan(
            owners: owners, store: name, range: range, terms: request.terms(limits),
            parameters: kept.compactMap { name in parameters[name].map { (name, $0) } }, isRaw: parameters.flag("raw"))
    }

    /// Sends page after page; at any moment one of them is in memory. An error in the middle is the last line.
    private func stream(
        _ scan: Scan, from start: ScanPlace, only: Int32?, to channel: any Channel
    ) async throws -> Response {
        let stores = owners.stores
        let limits = limits
        // The first page is read before the response begins, so that what fails at once has its status.
        let slot = try stores.takeScan()
        let first = try await scan.page(from: start, only: only, limit: limits.maxPageEntries)
        let body = ResponseBody { writer in
            defer { slot.free() }
            let output = PatientWriter(writer, channel: channel, limit: limits.slowReaderTimeout)
            var page = first
            var position = page.position
            do {
                while true {
                    if !page.entries.isEmpty { try await output.write(page.entries.map { $0 + "\n" }.joined()) }
                    guard let next = page.page else { break }
                    var scan = scan
                    scan.terms.deadline = .now.advanced(by: limits.maxTimeout)
                    // A partition that moves between two pages must not go back in time.
                    scan.terms.atLeast.merge(position)
                    page = try await scan.page(
                        from: ScanPlace(next, of: scan.identity), only: only, limit: limits.maxPageEntries)
                    position.merge(page.position)
                }
                try await output.write(EntryLines(entries: [], position: position).endLine + "\n")
            } catch var failure as Failure {
                failure.position = failure.position ?? position
                try await output.write(JSON.object([("error", failure.json)]) + "\n")
            }
            slot.free()
            try await output.finish()
        }
        return Response(
            status: .ok, headers: Response.headers(type: EntryLines.mediaType, position: nil), body: body)
    }
}
