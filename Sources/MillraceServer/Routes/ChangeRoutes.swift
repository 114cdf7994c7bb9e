import HTTPTypes
import Hummingbird
import Millrace
import MillraceRuntime
import NIOCore
import ServiceLifecycle

/// The committed changes of a store as server-sent events.
struct ChangeRoutes: RouteGroup {
    let stores: StoreAccess
    private let slots: Slots

    init(stores: StoreAccess) {
        self.stores = stores
        slots = Slots(stores.limits.maxChangeStreams, "change_streams")
    }

    private static let mediaType = "text/event-stream"
    private static let heartbeat = Duration.seconds(10)

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/stores/{store}/changes",
                summary:
                    "Streams the committed changes of all partitions, those of a key in order, as server-sent events.",
                stores: .changelog,
                parameters: [
                    .store(example: "risk-store"),
                    .query(
                        "from", .text(maxCount: Parameter.maxPositionCount),
                        "earliest, latest (if not given), or the id of the last event that was seen."),
                    .header(
                        "Last-Event-ID", .text(maxCount: Parameter.maxPositionCount),
                        "The id of the last event that was seen; browsers send it when they connect again."),
                ],
                replies: [
                    Route.Reply(
                        status: 200, summary: "Events: start, change, and error or end as the last one.",
                        content: [Self.mediaType: Schema.text]),
                    .failure(400, "The position is not of the store's changelog, or the store is of another kind."),
                    .failure(404, "There is no such store."),
                    .failure(409, "The store has no changelog."),
                    .failure(410, "The changes after the position are not in the changelog any more."),
                    .failure(429, "Too many streams are open."), .failure(503, "The instance starts or stops."),
                ], answer: { try await follow($0) })
        ]
    }

    private func follow(_ request: RouteRequest) async throws -> Response {
        let name = try request.parameters.pathText("store")
        let start = try start(request.parameters)
        let store = try stores.handle(name)
        let slot = try slots.take()
        let changes = try await stores.application.changes(of: name, from: start)
        let (limits, channel) = (stores.limits, request.channel)
        var headers = Response.headers(type: Self.mediaType, position: changes.start.description)
        headers[.connection] = "close"
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                defer { slot.free() }
                let output = PatientWriter(writer, channel: channel, limit: limits.slowReaderTimeout)
                do {
                    try await cancelWhenGracefulShutdown { try await Self.send(changes, of: store, to: output) }
                } catch let interruption as Interruption {
                    try await output.write(try Self.lastEvent(interruption))
                }
                slot.free()
                try await output.finish()
            })
    }

    private func start(_ parameters: Parameters) throws(Failure) -> StoreChangesStart {
        let text = parameters["Last-Event-ID"] ?? parameters["from"] ?? "latest"
        switch text {
        case "earliest": return .earliest
        case "latest": return .latest
        default:
            guard let position = Position(text) else {
                throw .badRequest("from must be earliest, latest or the id of an event", code: "position_invalid")
            }
            return .after(position)
        }
    }

    /// The end of a stream: its cause, and the position of the events that were sent.
    private struct Interruption: Error {
        var cause: any Error
        var position: Position
    }

    /// Sends changes until the client is gone, or it throws.
    private static func send(
        _ changes: StoreChanges, of store: QueryableBytesStore, to output: PatientWriter
    ) async throws(Interruption) {
        var sent = changes.start
        do {
            try await output.write(event("start", [:], id: sent))
            var iterator = changes.makeAsyncIterator()
            while true {
                guard let batch = try await next(&iterator) else {
                    // A comment, so that both sides notice a connection that is gone.
                    try await output.write(": \n\n")
                    continue
                }
                var (text, position) = ("", sent)
                for change in batch {
                    position.merge(change.position)
                    let place = [("partition", "\(change.changelog.partition)"), ("offset", "\(change.offset)")]
                    text += event("change", JSON.object(store.json(of: change), adding: place), id: position)
                }
                try await output.write(text)
                sent = position
            }
        } catch {
            throw Interruption(cause: error, position: sent)
        }
    }

    /// The last event of a stream, which has the position of the events before it.
    ///
    /// - Throws: the cause, if it is the client's end.
    private static func lastEvent(_ interruption: Interruption) throws -> String {
        let position = ["position": interruption.position.description].filter { !$0.value.isEmpty }
        switch interruption.cause {
        case let failure as TooSlow:
            return event("end", ["code": "too_slow", "message": failure.description].merging(position) { $1 })
        case is CancellationError:
            let message = "the instance is stopping: connect again"
            return event("end", ["code": "stopping", "message": message].merging(position) { $1 })
        case let error as StreamsError:
            let failure = Failure(error)
            let own = failure.position.map { ["position": $0.description] } ?? position
            return event("error", ["code": failure.code, "message": failure.message].merging(own) { $1 })
        default: throw interruption.cause
        }
    }

    /// Waits for the next changes; returns `nil` after some time without any.
    private static func next(_ iterator: inout StoreChanges.AsyncIterator) async throws -> [StoreChange]? {
        let copy = iterator
        return try await withThrowingTaskGroup(of: [StoreChange]?.self) { group in
            group.addTask {
                var iterator = copy
                return try await iterator.next()
            }
            group.addTask {
                try await Task.sleep(for: heartbeat)
                return nil
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            // A change that arrives just when the time is over must not be lost.
            while let late = await group.nextResult() {
                if case .success(let batch?) = late { return (first ?? []) + batch }
            }
            return first
        }
    }

    private static func event(_ name: String, _ members: [String: String]) -> String {
        event(name, JSON.object(members.sorted { $0.key < $1.key }.map { ($0.key, JSON.quoted($0.value)) }), id: nil)
    }

    private static func event(_ name: String, _ members: [String: String], id: Position) -> String {
        event(name, JSON.object(members.map { ($0.key, JSON.quoted($0.value)) }), id: id)
    }

    private static func event(_ name: String, _ data: String, id: Position?) -> String {
        // An empty id would make a browser forget where it was.
        let id = id.map { "id: \($0.isEmpty ? "earliest" : $0.description)\n" } ?? ""
        // Rendered JSON may have line breaks, each of which would end the field.
        let lines = data.split(whereSeparator: \.isNewline).map { "data: \($0)\n" }.joined()
        return "event: \(name)\n\(id)\(lines)\n"
    }
}
