import HTTPTypes
import Hummingbird
import Millrace
import MillraceRouting
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
                stores: .named,
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
                ] + Route.Reply.ofReads, isShort: true, answerAtOnce: { try immediateCourse(of: $0) },
                answer: { try await read($0) })
        ]
    }

    private func keyRead(_ request: RouteRequest, of store: QueryableBytesStore) throws -> KeyRead {
        let key = try KeyFormat(request.parameters).bytes(request.parameters.pathText("key"), in: store)
        return try KeyRead(key: key, request.parameters, limit: limits.maxPageEntries)
    }

    private func isRaw(_ request: RouteRequest) -> Bool {
        request.parameters.flag("raw") || request.prefers("application/octet-stream")
    }

    /// Reads one entry of a partition of this instance, if it is in memory, or leaves it to the owner: performs what `ImmediateRead`
    /// decides.
    private func immediateCourse(of request: RouteRequest) throws -> ImmediateCourse? {
        let (name, terms) = (try request.parameters.pathText("store"), request.terms(limits))
        let store = try owners.stores.handle(name)
        let read = try keyRead(request, of: store)
        guard read.isOfOneEntry(in: store), request.parameters["partition"] == nil else { return nil }
        let action = try ImmediateRead.action(
            of: owners.application.metadata(ofKeyBytes: read.key, in: name), isForwarded: request.isForwarded,
            acceptsStale: terms.acceptsStale, atLeast: terms.atLeast, rest: terms.rest)
        let isRaw = isRaw(request)
        switch action {
        case .fallBack: return nil
        case .ask(let address):
            return ForwardedRead(request, to: address, accept: accepted(isRaw), until: terms.deadline)
                .map { .forward($0) }
        case .readHere:
            guard let found = try store.entryInMemory(of: read.key) else { return nil }
            guard let entry = found.value else { return .answer(ImmediateAnswer(keyUnknown(at: found.position))) }
            return .answer(answer(entry, at: found.position.description, of: store, isRaw: isRaw))
        }
    }

    /// Reads one entry on the connection's event loop. Several entries take longer, so they are read and rendered elsewhere.
    private func read(_ request: RouteRequest) async throws -> Response {
        let store = try owners.stores.handle(request.parameters.pathText("store"))
        let read = try keyRead(request, of: store)
        if read.isOfOneEntry(in: store) { return try await answer(request, read) }
        return try await onSharedPool { try await answer(request, read) }
    }

    private func answer(_ request: RouteRequest, _ read: KeyRead) async throws -> Response {
        let (parameters, terms) = (request.parameters, request.terms(limits))
        let name = try parameters.pathText("store")
        let isRaw = isRaw(request)
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
            let found = try await local.read(reaching: terms.atLeast, within: time) { try read.run($0) }
            return try response(found, of: local, isRaw: isRaw)
        } there: { address in
            try await owners.peers.ask(
                address, target: request.target(within: terms.rest),
                accept: accepted(isRaw), authorization: terms.authorization, within: terms.patience
            ).response()
        }
    }

    private func accepted(_ isRaw: Bool) -> String { isRaw ? "application/octet-stream" : "application/json" }

    private func keyUnknown(at position: Position) -> Failure {
        Failure(.notFound, "key_unknown", "there is nothing under the key", position: position)
    }

    /// The partition that has to be read; `nil` to look through all that are here, since a topic may be partitioned in another
    /// way. For a position only the likely partition counts: others may be far behind.
    private func partition(of key: [UInt8], in store: String, _ terms: Owners.Terms) throws -> Int32? {
        terms.atLeast.isEmpty ? nil : try owners.application.metadata(ofKeyBytes: key, in: store).partition
    }

    private func answer(
        _ entry: StoreEntry, at position: String, of store: QueryableBytesStore, isRaw: Bool
    ) -> ImmediateAnswer {
        if isRaw {
            return ImmediateAnswer(
                headers: Response.headers(type: "application/octet-stream", position: position),
                body: ByteBuffer(bytes: entry.value))
        }
        let json = JSON.object(store.json(of: entry), adding: [("position", JSON.quoted(position))])
        return ImmediateAnswer(
            headers: Response.headers(type: "application/json", position: position), body: ByteBuffer(string: json))
    }

    private func response(
        _ found: Committed<KeyRead.Found>, of store: QueryableBytesStore, isRaw: Bool
    ) throws -> Response {
        let position = found.position.description
        switch found.value {
        case .entry(nil): throw keyUnknown(at: found.position)
        case .entry(let entry?): return answer(entry, at: position, of: store, isRaw: isRaw).response
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
    func target(within limit: Duration) -> String {
        let target = head.path ?? "/"
        let timeout = "timeout=\(Double(limit.nanoseconds) / 1e9)"
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return "\(target)?\(timeout)" }
        let kept = target[mark...].utf8.dropFirst().split(separator: UInt8(ascii: "&")).filter { part in
            !part.prefix { $0 != UInt8(ascii: "=") }.elementsEqual("timeout".utf8)
        }
        return "\(target[...mark])\((kept.map { String(Substring($0)) } + [timeout]).joined(separator: "&"))"
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
