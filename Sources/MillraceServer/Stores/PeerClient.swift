import AsyncHTTPClient
import Foundation
import HTTPTypes
import Hummingbird
import Millrace
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// Asks other instances.
struct PeerClient: Sendable {
    private let client: HTTPClient
    private let scheme: String

    /// - Throws: `ServerError` if the certificates cannot be used.
    init(_ configuration: MillraceServer.Configuration) throws(ServerError) {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(2)), decompression: .disabled)
        settings.tlsConfiguration = try configuration.tls.map { tls throws(ServerError) in try tls.forClient() }
        settings.httpVersion = .http1Only
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
        scheme = configuration.tls == nil ? "http" : "https"
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    func shutdown() async throws { try await client.shutdown() }

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
                position: said?.position.flatMap { Position($0) })
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
                throw Failure(.serviceUnavailable, "owner_unavailable", "the partition's owner cannot read it yet")
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
        var request = HTTPClientRequest(url: "\(scheme)://\(address)\(target)")
        request.method = method
        request.headers.add(name: "accept", value: accept)
        request.headers.add(name: HTTPField.Name.forwarded.rawName, value: "1")
        if let authorization { request.headers.add(name: "authorization", value: authorization) }
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(body)
        }
        do {
            let response = try await client.execute(request, timeout: .nanoseconds(max(1, limit.nanoseconds)))
            let body = try await response.body.collect(upTo: maxSizeInBytes)
            return Answer(status: Int(response.status.code), headers: response.headers, body: body)
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as HTTPClientError where error == .deadlineExceeded {
            throw Failure(.gatewayTimeout, "owner_silent", "the instance at \(address) did not answer in time")
        } catch {
            throw Failure(.serviceUnavailable, "owner_unreachable", "the instance at \(address) cannot be reached")
        }
    }
}
