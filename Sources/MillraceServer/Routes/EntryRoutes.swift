import HTTPTypes
import Hummingbird
import Millrace
import MillraceRuntime
import NIOCore

/// Reads of one key: its value, its windows, its sessions or its versions.
struct EntryRoutes: RouteGroup {
    let owners: Owners

    private var limits: ServerLimits { owners.stores.limits }

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/stores/{store}/entries/{key}",
                summary:
                    "Reads a key, wherever its partition is: the value, or in a store of windows or sessions all of them.",
                parameters: [
                    .store(example: "risk-store"),
                    .path("key", "The key, as the store's serde reads it; without its window.", example: "acct-1"),
                    KeyFormat.parameter,
                    .query("raw", .flag, "Whether the value's bytes are returned as they are, instead of JSON."),
                    .query(
                        "partition", .integer(0...Int64(Int32.max)),
                        "The partition to look in, for topics that are not partitioned as Kafka does by default."),
                ] + KeyRead.parameters + Parameter.ofReads,
                replies: [
                    Route.Reply(
                        status: 200, summary: "The entry or the entries of the key.",
                        content: [
                            "application/json": #"{"anyOf": [\#(Schema.entry), \#(Schema.entries)]}"#,
                            "application/octet-stream": Schema.bytes,
                        ]),
                    Route.Reply(
                        status: 404, summary: "There is no such store, or nothing under the key.",
                        content: ["application/json": Schema.error]),
                ] + Route.Reply.ofReads, isShort: true, answer: { try await read($0) })
        ]
    }

    /// Reads one entry on the connection's event loop. Several entries take longer, so they are read and rendered elsewhere.
    private func read(_ request: RouteRequest) async throws -> Response {
        let store = try owners.stores.handle(request.parameters.pathText("store"))
        let key = try KeyFormat(request.parameters).bytes(request.parameters.pathText("key"), in: store)
        let read = try KeyRead(key: key, request.parameters, limit: limits.maxPageEntries)
        if read.isOfOneEntry(in: store) { return try await answer(request, read) }
        return try await onSharedPool { try await answer(request, read) }
    }

    private func answer(_ request: RouteRequest, _ read: KeyRead) async throws -> Response {
        let (parameters, terms) = (request.parameters, request.terms(limits))
        let name = try parameters.pathText("store")
        let isRaw = parameters.flag("raw") || request.prefers("application/octet-stream")
        let chosen = parameters.integer("partition").map { Int32(truncatingIfNeeded: $0) }
        if let chosen, chosen >= (try owners.partitionCount(of: name)) {
            throw Failure.badRequest("the store has no partition \(chosen)", code: "partition_unknown")
        }
        return try await owners.read(terms) {
            try chosen.map { try owners.application.metadata(ofPartition: $0, in: name) }
                ?? owners.application.metadata(ofKeyBytes: read.key, in: name)
        } here: { readsStale, time in
            let partition = try chosen ?? partition(of: read.key, in: name, terms)
            let local = try owners.stores.handle(name, partition: partition, readsStale: readsStale)
            let found = try await read.run(local, reaching: terms.atLeast, within: time)
            return try response(found, of: local, isRaw: isRaw)
        } there: { address in
            try await owners.peers.ask(
                address, target: request.target(within: terms.rest),
                accept: isRaw ? "application/octet-stream" : "application/json",
                authorization: terms.authorization, within: terms.rest + .milliseconds(500)
            ).response()
        }
    }

    /// The partition that has to be read; `nil` to look through all that are here, since a topic may be partitioned in another
    /// way. For a position only the likely partition counts: others may be far behind.
    private func partition(of key: [UInt8], in store: String, _ terms: Owners.Terms) throws -> Int32? {
        terms.atLeast.isEmpty ? nil : try owners.application.metadata(ofKeyBytes: key, in: store).partition
    }

    private func response(
        _ found: Committed<KeyRead.Found>, of store: QueryableBytesStore, isRaw: Bool
    ) throws -> Response {
        let position = found.position.description
        switch found.value {
        case .entry(nil):
            throw Failure(.notFound, "key_unknown", "there is nothing under the key", position: found.position)
        case .entry(let entry?) where isRaw:
            return .bytes(ByteBuffer(bytes: entry.value), type: "application/octet-stream", position: position)
        case .entry(let entry?):
            return .json(
                JSON.object(store.json(of: entry), adding: [("position", JSON.quoted(position))]), position: position)
        case .entries where isRaw:
            throw Failure.badRequest("only a single value has raw bytes; ask for JSON", code: "raw_impossible")
        case .entries(let entries, let nextFromMs):
            return .json(
                JSON.object([
                    ("entries", JSON.array(entries.map(store.json))), ("position", JSON.quoted(position)),
                    ("nextWindowFromMs", nextFromMs.map(String.init)),
                ]), position: position)
        }
    }
}

extension RouteRequest {
    /// The path and query of the same request to another instance, which has less time.
    func target(within limit: Duration, adding: [(String, String)] = []) -> String {
        let target = (head.path ?? "/").split(separator: "?", maxSplits: 1)
        let replaced = Set(adding.map(\.0) + ["timeout"])
        let kept = (target.count > 1 ? target[1] : "").split(separator: "&")
            .filter { !replaced.contains(String($0.prefix { $0 != "=" })) }
        let added = (adding + [("timeout", "\(Double(limit.nanoseconds) / 1e9)")])
            .map { "\($0)=\(PercentCoding.encode($1.utf8))" }
        return "\(target[0])?\((kept.map(String.init) + added).joined(separator: "&"))"
    }
}

extension Route.Reply {
    /// The failures that every read can have.
    static let ofReads = [
        Route.Reply(
            status: 400, summary: "A parameter, the key or the position is wrong.",
            content: ["application/json": Schema.error]),
        Route.Reply(
            status: 503, summary: "The partition could not be read in time: it is moving or being restored. Try again.",
            content: ["application/json": Schema.error]),
        Route.Reply(
            status: 504, summary: "The time was over: the position has not been reached, or the owner is silent.",
            content: ["application/json": Schema.error]),
    ]
}
