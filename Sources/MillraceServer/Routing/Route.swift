import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// A family of endpoints. It knows no other family.
protocol RouteGroup: Sendable {
    var routes: [Route] { get }
}

/// One endpoint: how it is called, what the OpenAPI document says of it, and what answers.
struct Route: Sendable {
    /// The right that a caller needs.
    enum Permission: String, Sendable {
        /// None: anybody who reaches the port may call it.
        case none
        case read
        case operate
    }

    /// The stores that a route is about. Each of its errors has their position, where one is known.
    enum Stores: Sendable {
        case none
        /// The store that the path names.
        case named
        /// The store of the index that the path names.
        case ofIndex
        case all
        /// The changelog of the store that the path names. Its positions are others than those of reads, and only an error that
        /// comes with one has it.
        case changelog
    }

    /// The description of a response in the OpenAPI document.
    struct Reply: Sendable {
        var status: Int
        var summary: String
        /// The schema of each type of body, as JSON.
        var content: [String: String] = [:]
    }

    var method: HTTPRequest.Method
    /// The path, with `{name}` for a whole segment that is a parameter.
    var path: String
    var summary: String
    var permission = Permission.read
    var stores = Stores.none
    var parameters: [Parameter] = []
    /// The schema of the request's body as JSON; `nil` if the route takes none.
    var body: String?
    var replies: [Reply]
    /// Whether an answer takes so little computation that it may run on the event loop of the connection.
    var isShort = false
    /// Answers or forwards a request without a task; `nil` if that is not possible. What it throws, `answer` reports.
    var answerAtOnce: (@Sendable (RouteRequest) throws -> ImmediateCourse?)?
    var answer: @Sendable (RouteRequest) async throws -> Response

    /// The segments of the path.
    var segments: [Substring] { path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) }
}

/// A request whose path, parameters and permission have been checked.
struct RouteRequest: Sendable {
    var head: HTTPRequest
    var parameters: Parameters
    /// Whether another instance has passed the request on, so that it may not be passed on again.
    var isForwarded: Bool
    /// The body, which is small enough; empty if the route takes none.
    var body: ByteBuffer
    var channel: any Channel
    var logger: Logger

    /// Whether the client prefers a media type over JSON: it accepts it and does not name JSON before it.
    func prefers(_ type: String) -> Bool {
        guard let accepted = head.headerFields[.accept] else { return false }
        let types = accepted.utf8.split(separator: UInt8(ascii: ",")).map { part in
            let name = part.prefix { $0 != UInt8(ascii: ";") }.filter { $0 != 0x20 && $0 != 0x09 }
            return String(decoding: name, as: UTF8.self).lowercased()
        }
        guard let place = types.firstIndex(of: type) else { return false }
        return types.firstIndex(of: "application/json").map { place < $0 } ?? true
    }
}
