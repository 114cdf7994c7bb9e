import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Finds the route of a request, checks the caller and the parameters, and turns errors into responses.
///
/// A path is split before it is decoded, so that an encoded slash stays in its segment.
struct RouteTable: HTTPResponder {
    typealias Context = RequestSource

    /// The routes by the number of their path's segments.
    private let routes: [Int: [(path: PathTemplate, route: Route)]]
    private let access: AccessControl
    private let limits: ServerLimits

    init(_ groups: [any RouteGroup], access: AccessControl, limits: ServerLimits) {
        routes = Dictionary(grouping: groups.flatMap(\.routes).map { (PathTemplate($0), $0) }) { $0.0.count }
        self.access = access
        self.limits = limits
    }

    func respond(to request: Request, context: RequestSource) async -> Response {
        do {
            let response = try await answer(request, context).taken(
                from: context.channel, within: limits.slowReaderTimeout)
            return request.method == .head ? response.createHeadResponse() : response
        } catch {
            let failure = Failure(error)
            if failure.status == .internalServerError {
                context.logger.error("a request failed: \(error)", metadata: ["method": "\(request.method)"])
            }
            let response = Response.failure(failure)
            return failure.status == .contentTooLarge ? response.closing(context.channel) : response
        }
    }

    /// Returns the course of a request without a body, if it needs no task and nothing is wrong with the request.
    func immediateCourse(of head: HTTPRequest, on channel: any Channel, _ logger: Logger) -> ImmediateCourse? {
        guard let (route, request) = try? checked(head, channel, logger),
            let course = try? route.answerAtOnce?(request)
        else { return nil }
        if case .answer(let answer) = course, answer.body.readableBytes > ImmediateAnswer.maxCount { return nil }
        return course
    }

    private func answer(_ request: Request, _ context: RequestSource) async throws -> Response {
        var (route, checked) = try checked(request.head, context.channel, context.logger)
        checked.body = try await body(of: request, for: route)
        if route.isShort { return try await route.answer(checked) }
        return try await onSharedPool { [checked] in try await route.answer(checked).writtenOnSharedPool() }
    }

    /// Finds the route of a request and checks everything but the body.
    private func checked(
        _ head: HTTPRequest, _ channel: any Channel, _ logger: Logger
    ) throws(Failure) -> (route: Route, request: RouteRequest) {
        try access.checkHost(head)
        let target = head.path ?? "/"
        let end = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        let (route, path) = try find(head.method, target[..<end])
        try access.check(head, for: route.permission, on: channel)
        let headers = head.headerFields
        let parameters = try Parameters(route.parameters, path: path, query: Substring(target.utf8[end...].dropFirst()))
        {
            name in HTTPField.Name(name).flatMap { headers[$0] }
        }
        return (
            route,
            RouteRequest(
                head: head, parameters: parameters, isForwarded: headers[.forwarded] != nil, body: ByteBuffer(),
                channel: channel, logger: logger)
        )
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
