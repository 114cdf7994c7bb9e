import Foundation
import HTTPTypes
import Hummingbird
import Millrace
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Asks other instances. A caller on an event loop gets the answer there, over a connection of the same loop.
struct PeerClient: Sendable {
    private let connections: PeerConnections

    /// - Throws: `ServerError` if the certificates cannot be used.
    init(_ configuration: MillraceServer.Configuration) throws(ServerError) {
        let tls = try configuration.tls.map { tls throws(ServerError) in try tls.forClient() }
        do {
            connections = PeerConnections(try tls.map { try NIOSSLContext(configuration: $0) })
        } catch {
            throw ServerError("the certificates for requests to other instances cannot be used: \(error)")
        }
    }

    /// Returns the connections that the forwarded reads of an event loop share. Call it on that event loop.
    func shared(on eventLoop: any EventLoop) -> SharedConnections { connections.shared(on: eventLoop) }

    func shutdown() async { await connections.close() }

    /// An answer of another instance.
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: ByteBuffer

        /// - Throws: `Failure` with the other instance's status and code if it could not answer; 503, so that it is asked again,
        ///   where that may help.
        func requireSuccess() throws(Failure) {
            if status == 200 { return }
            let said = try? JSONDecoder().decode(Said.self, from: Data(buffer: body))
            throw Failure(
                HTTPResponse.Status(code: status == 429 ? 503 : status), said?.code ?? "owner_unavailable",
                said?.message ?? "another instance answered with status \(status)",
                position: said?.position.flatMap { Position($0) } ?? position)
        }

        /// The position in the header.
        private var position: Position? {
            headers.first(name: HTTPField.Name.position.rawName).flatMap { Position($0) }
        }

        private struct Said: Decodable {
            var code: String
            var message: String
            var position: String?
        }

        /// The same response for the client.
        ///
        /// - Throws: `Failure` with 503 if the other instance could not answer, so that it is asked again.
        func response() throws(Failure) -> Response {
            if status == 503 {
                throw Failure(
                    .serviceUnavailable, "owner_unavailable", "the partition's owner cannot read it yet",
                    position: position)
            }
            var response = Response.bytes(
                body, type: headers.first(name: "content-type") ?? "application/json",
                status: HTTPResponse.Status(code: status))
            for name in [HTTPField.Name.position, .allow] {
                if let value = headers.first(name: name.rawName) { response.headers[name] = value }
            }
            return response
        }
    }

    /// Passes a request on.
    ///
    /// - Parameters:
    ///   - target: path and query.
    ///   - authorization: the client's token, which the other instance checks again.
    /// - Throws: `Failure` with 503 if the instance does not answer, with 504 if the time is over.
    func ask(
        _ address: InstanceAddress, method: HTTPMethod = .GET, target: String, accept: String,
        authorization: String?, body: ByteBuffer? = nil, within limit: Duration, maxSizeInBytes: Int = 64 << 20
    ) async throws -> Answer {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: target)
        head.headers.reserveCapacity(6)
        head.headers.add(name: "host", value: address.description)
        head.headers.add(name: "accept", value: accept)
        head.headers.add(name: HTTPField.Name.forwarded.rawName, value: "1")
        if let authorization { head.headers.add(name: "authorization", value: authorization) }
        if method != .GET {
            head.headers.add(name: "content-type", value: "application/json")
            head.headers.add(name: "content-length", value: "\(body?.readableBytes ?? 0)")
        }
        let promise = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Answer.self)
        let alarm = promise.futureResult.eventLoop.scheduleTask(in: .nanoseconds(max(1, limit.nanoseconds))) {
            promise.fail(PeerError.timedOut)
        }
        defer { alarm.cancel() }
        connections.send(
            PeerRequest(head: head, body: body, maxResponseSizeInBytes: maxSizeInBytes, promise: promise), to: address)
        do {
            return try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                promise.fail(CancellationError())
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch PeerError.timedOut {
            throw Failure(.gatewayTimeout, "owner_silent", "the instance at \(address) did not answer in time")
        } catch {
            throw Failure(.serviceUnavailable, "owner_unreachable", "the instance at \(address) cannot be reached")
        }
    }
}
