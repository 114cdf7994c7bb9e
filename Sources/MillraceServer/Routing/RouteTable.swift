import HTTPTypes
import Hummingbird
import Logging
import Millrace
import NIOCore

/// Finds the route of a request, checks the caller and the parameters, and turns errors into responses.
///
/// A path is split before it is decoded, so that an encoded slash stays in its segment. An error of a route about stores has the
/// position that they have reached here, unless it has a more exact one; callers without the right learn none.
struct RouteTable: HTTPResponder {
    typealias Context = RequestSource

    /// The routes by the number of their path's segments.
    private let routes: [Int: [(path: PathTemplate, route: Route)]]
    private let access: AccessControl
    private let limits: ServerLimits
    /// Returns the position of a store, or of all stores, as far as it is known here.
    private let position: @Sendable (_ store: String?) -> Position
    /// Returns the store of an index; `nil` if there is no such index.
    private let storeOfIndex: @Sendable (String) -> String?

    init(
        _ groups: [any RouteGroup], access: AccessControl, limits: ServerLimits,
        storeOfIndex: @escaping @Sendable (String) -> String?,
        position: @escaping @Sendable (_ store: String?) -> Position
    ) {
        self.position = position
        self.storeOfIndex = storeOfIndex
        routes = Dictionary(grouping: groups.flatMap(\.routes).map { (PathTemplate($0), $0) }) { $0.0.count }
        self.access = access
        self.limits = limits
    }

    func respond(to request: Request, context: RequestSource) async -> Response {
        let place: Place
        do throws(Failure) {
            place = try permitted(request.head, context.channel)
        } catch {
            return response(to: request, error, context)
        }
        do {
            let response = try await answer(request, place, context).taken(
                from: context.channel, within: limits.slowReaderTimeout)
            return request.method == .head ? response.createHeadResponse() : response
        } catch {
            return response(to: request, error, context, at: place)
        }
    }

    /// The response to a request that failed.
    private func response(
        to request: Request, _ error: any Error, _ context: RequestSource, at place: Place? = nil
    ) -> Response {
        var failure = Failure(error)
        if failure.status == .internalServerError {
            context.logger.error("a request failed: \(error)", metadata: ["method": "\(request.method)"])
        }
        failure.position = failure.position ?? place.flatMap(position)
        let response = Response.failure(failure)
        return failure.status == .contentTooLarge ? response.closing(context.channel) : response
    }

    /// The position of the stores that a route is about; `nil` if none is known here.
    private func position(at place: Place) -> Position? {
        let reached: Position
        switch place.route.stores {
        case .none, .changelog: return nil
        case .all: reached = position(nil)
        case .named:
            guard let name = String(validating: place.path["store"] ?? [], as: UTF8.self) else { return nil }
            reached = position(name)
        case .ofIndex:
            guard let name = String(validating: place.path["index"] ?? [], as: UTF8.self),
                let store = storeOfIndex(name)
            else { return nil }
            reached = position(store)
        }
        return reached.isEmpty ? nil : reached
    }

    /// Returns the course of a request without a body, if it needs no task and nothing is wrong with the request.
    func immediateCourse(of head: HTTPRequest, on channel: any Channel, _ logger: Logger) -> ImmediateCourse? {
        guard let place = try? permitted(head, channel), let request = try? checked(head, place, channel, logger),
            let course = try? place.route.answerAtOnce?(request)
        else { return nil }
        if case .answer(let answer) = course, answer.body.readableBytes > ImmediateAnswer.maxCount { return nil }
        return course
    }

    private func answer(_ request: Request, _ place: Place, _ context: RequestSource) async throws -> Response {
        let route = place.route
        var checked = try checked(request.head, place, context.channel, context.logger)
        checked.body = try await body(of: request, for: route)
        if route.isShort { return try await route.answer(checked) }
        return try await onSharedPool { [checked] in try await route.answer(checked).writtenOnSharedPool() }
    }

    /// A route that the caller may use, with the parameters of the path and the query of a request.
    private struct Place {
        var route: Route
        var path: [String: [UInt8]]
        var query: Substring
    }

    /// Finds the route of a request, and checks whether the caller may use it.
    private func permitted(_ head: HTTPRequest, _ channel: any Channel) throws(Failure) -> Place {
        try access.checkHost(head)
        let target = head.path ?? "/"
        let end = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        let (route, path) = try find(head.method, target[..<end])
        try access.check(head, for: route.permission, on: channel)
        return Place(route: route, path: path, query: Substring(target.utf8[end...].dropFirst()))
    }

    /// Checks the parameters of a request.
    private func checked(
        _ head: HTTPRequest, _ place: Place, _ channel: any Channel, _ logger: Logger
    ) throws(Failure) -> RouteRequest {
        let headers = head.headerFields
        let parameters = try Parameters(place.route.parameters, path: place.path, query: place.query) { name in
            HTTPField.Name(name).flatMap { headers[$0] }
        }
        return RouteRequest(
            head: head, parameters: parameters, isForwarded: headers[.forwarded] != nil, body: ByteBuffer(),
            channel: channel, logger: logger)
    }

    private func find(
        _ method: HTTPRequest.Method, _ path: Substring
    ) throws(Failure) -> (route: Route, path: [String: [UInt8]]) {
        guard path.utf8.first == UInt8(ascii: "/") else {
            throw .badRequest("the target is no path", code: "path_invalid")
        }
        let segments = PathTemplate.segments(of: path)
        let method = method == .head ? .get : method
        var allowed: [HTTPRequest.Method] = []
        let candidates = routes[segments.count] ?? []
        for index in candidates.indices where candidates[index].path.matches(segments) {
            if candidates[index].route.method == method {
                return (candidates[index].route, try candidates[index].path.parameters(of: segments))
            }
            allowed.append(candidates[index].route.method)
        }
        if allowed.isEmpty { throw Failure(.notFound, "path_unknown", "there is nothing at this path") }
        throw Failure(
            .methodNotAllowed, "method_not_allowed",
            "the path takes \(allowed.map(\.rawValue).joined(separator: ", "))", allowed: allowed)
    }

    private func body(of request: Request, for route: Route) async throws -> ByteBuffer {
        guard route.body != nil else { return ByteBuffer() }
        let announced = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        guard announced <= limits.maxBodySizeInBytes else { throw tooLarge }
        let limit = limits.maxBodySizeInBytes
        return try await withTimeLimit(limits.maxTimeout) { [tooLarge] in
            var collected = ByteBuffer()
            for try await part in request.body {
                if collected.readableBytes + part.readableBytes > limit { throw tooLarge }
                collected.writeImmutableBuffer(part)
            }
            return collected
        }
    }

    private var tooLarge: Failure {
        Failure(.contentTooLarge, "body_too_large", "a body may have \(limits.maxBodySizeInBytes) bytes")
    }
}

/// The origin of a request.
struct RequestSource: InitializableFromSource {
    var channel: any Channel
    var logger: Logger

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
        logger = source.logger
    }
}

extension Response {
    /// The same response, whose reader is dropped if it does not take it in time.
    fileprivate func taken(from channel: any Channel, within limit: Duration) -> Response {
        guard let count = body.contentLength, count > ImmediateAnswer.maxCount else { return self }
        let body = body
        var response = self
        response.body = ResponseBody(contentLength: count) { writer in
            let alarm = channel.eventLoop.scheduleTask(in: .nanoseconds(limit.nanoseconds)) {
                channel.close(promise: nil)
            }
            defer { alarm.cancel() }
            try await body.write(writer)
        }
        return response
    }

    /// The same response; a body that is made while it is written is made on the shared pool.
    fileprivate func writtenOnSharedPool() -> Response {
        guard body.contentLength == nil else { return self }
        let body = body
        return Response(
            status: status, headers: headers,
            body: ResponseBody { writer in
                let writer = writer
                try await onSharedPool { try await body.write(writer) }
            })
    }

    /// The same response, after which the connection is closed: what is left of the request is not read.
    fileprivate func closing(_ channel: any Channel) -> Response {
        var headers = headers
        headers[.connection] = "close"
        let body = body
        return Response(
            status: status, headers: headers,
            body: ResponseBody(contentLength: body.contentLength) { writer in
                try await body.write(writer)
                channel.close(promise: nil)
            })
    }
}

/// Runs a body, but no longer than a limit.
///
/// - Throws: `Failure` with 504 if the time is over; what the body throws.
func withTimeLimit<Result: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw Failure(.gatewayTimeout, "timeout", "the request took longer than \(limit)")
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
    }
}
