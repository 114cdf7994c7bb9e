import AsyncHTTPClient
import Foundation
import Millrace
import MillraceCommandLine
import MillraceOperations
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The connection of a verb to one instance. It asks, and says in one sentence why there is no answer.
struct ServerConnection: Sendable {
    let address: InstanceAddress
    let token: String?
    /// The certificates; nil for a server without TLS.
    let tls: TLSConfiguration?
    /// Whether no progress is shown while the instance is waited for.
    let json: Bool

    private static let maxSizeInBytes = 64 << 20

    /// Returns the body of an answer.
    ///
    /// - Parameters:
    ///   - path: the path, percent-encoded.
    ///   - query: names and values.
    ///   - limit: the longest wait for the whole answer.
    /// - Throws: `OperationError` with the instance's code if it refuses, and if it does not answer.
    func get(_ path: String, _ query: [(String, String?)] = [], within limit: Duration = .seconds(10)) async throws
        -> Data
    {
        try await withResponse(path, query, accept: "application/json", within: limit) { response in
            Data(buffer: try await response.body.collect(upTo: Self.maxSizeInBytes))
        }
    }

    /// Returns a decoded answer.
    func get<Answer: Decodable>(
        _ path: String, _ query: [(String, String?)] = [], within limit: Duration = .seconds(10), as type: Answer.Type
    ) async throws -> Answer {
        try decoded(try await get(path, query, within: limit), of: path)
    }

    /// Makes the instance do something. Returns the decoded answer.
    func post<Answer: Decodable>(
        _ path: String, _ query: [(String, String?)], within limit: Duration = .seconds(30), as type: Answer.Type
    ) async throws -> Answer {
        let body = try await withResponse(path, query, method: .POST, accept: "application/json", within: limit) {
            response in
            Data(buffer: try await response.body.collect(upTo: Self.maxSizeInBytes))
        }
        return try decoded(body, of: path)
    }

    /// Sends a question in JSON that is too long for an address. Returns the body of the answer.
    func post(_ path: String, _ query: [(String, String?)], body: String, within limit: Duration) async throws -> Data {
        try await withResponse(
            path, query, method: .POST, accept: "application/json", body: body, within: limit
        ) { response in
            Data(buffer: try await response.body.collect(upTo: Self.maxSizeInBytes))
        }
    }

    private func decoded<Answer: Decodable>(_ body: Data, of path: String) throws -> Answer {
        do { return try JSONDecoder().decode(Answer.self, from: body) } catch {
            throw OperationError(
                .failed, "\(address) answers \(path) in a way that this command does not understand", code: "answer")
        }
    }

    /// Passes the lines of an answer on as they arrive, without their ends, until the body returns `false`.
    func lines(
        _ path: String, _ query: [(String, String?)] = [], accept: String, _ body: (String) throws -> Bool
    ) async throws {
        try await withResponse(path, query, accept: accept, within: nil) { response in
            var rest: [UInt8] = []
            for try await part in response.body {
                for byte in part.readableBytesView {
                    guard byte == UInt8(ascii: "\n") else {
                        rest.append(byte)
                        continue
                    }
                    guard try body(String(decoding: rest, as: UTF8.self)) else { return }
                    rest.removeAll(keepingCapacity: true)
                }
                guard rest.count <= Self.maxSizeInBytes else {
                    throw OperationError(.failed, "\(address) sends a line that is too long", code: "answer")
                }
            }
            if !rest.isEmpty { _ = try body(String(decoding: rest, as: UTF8.self)) }
        }
    }

    private func withResponse<Result>(
        _ path: String, _ query: [(String, String?)], method: HTTPMethod = .GET, accept: String,
        body question: String? = nil, within limit: Duration?, _ body: (HTTPClientResponse) async throws -> Result
    ) async throws -> Result {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(60)),
            decompression: .disabled)
        settings.tlsConfiguration = tls
        settings.httpVersion = .http1Only
        settings.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        let result: Swift.Result<Result, any Error>
        let bar = ProgressBar("waiting for \(address)", json: json)
        defer { bar.clear() }
        do {
            let parameters = query.compactMap { name, value in value.map { "\(name)=\(Self.encoded($0))" } }
            let target = path + (parameters.isEmpty ? "" : "?\(parameters.joined(separator: "&"))")
            var request = HTTPClientRequest(url: "\(tls == nil ? "http" : "https")://\(address)\(target)")
            request.method = method
            request.headers.add(name: "accept", value: accept)
            if let question {
                request.headers.add(name: "content-type", value: "application/json")
                request.body = .bytes(ByteBuffer(string: question))
            }
            if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
            let deadline = limit.map { NIODeadline.now() + .milliseconds(TimeSpan($0).ms) }
            let response = try await client.execute(request, deadline: deadline ?? .distantFuture)
            // Without a limit the answer is a stream, which shows itself that it goes on.
            if limit == nil { bar.clear() }
            guard response.status == .ok else {
                throw Self.refusal(response.status, try await response.body.collect(upTo: Self.maxSizeInBytes))
            }
            result = .success(try await body(response))
        } catch {
            result = .failure(failure(error))
        }
        try? await client.shutdown()
        return try result.get()
    }

    /// Encodes everything but letters, digits and `-._~`.
    static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: "%\(JSONFragment.hex([byte]))"
            }
        }.joined()
    }
}

/// The reasons why there is no answer.
extension ServerConnection {
    private struct Refusal: Decodable {
        var code: String
        var message: String
    }

    private static func refusal(_ status: HTTPResponseStatus, _ body: ByteBuffer) -> OperationError {
        let said = try? JSONDecoder().decode(Refusal.self, from: Data(buffer: body))
        return OperationError(
            kind(of: status), said?.message ?? "the instance answers with status \(status.code)",
            code: said?.code ?? "status_\(status.code)")
    }

    private static func kind(of status: HTTPResponseStatus) -> OperationError.Kind {
        switch status.code {
        case 401, 403: .denied
        case 404, 410: .missing
        case 429, 503, 504: .busy
        case 400..<500: .usage
        default: .failed
        }
    }

    private func failure(_ error: any Error) -> any Error {
        switch error {
        case is OperationError, is CancellationError: return error
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            return tlsFailure("\(error)")
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            return OperationError(.unreachable, "\(address) does not answer in time", code: "silent")
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            return closed(advice: tls == nil ? "; if it speaks TLS, ask https://\(address)" : "")
        case let error as HTTPParserError where error == .invalidEOFState: return closed()
        case let error as IOError where error.errnoCode == ECONNRESET || error.errnoCode == EPIPE: return closed()
        case is HTTPParserError:
            return OperationError(.unreachable, "\(address) is no instance: it does not speak HTTP", code: "answer")
        case is NIOTooManyBytesError:
            return OperationError(.failed, "\(address) answers with too much; ask for less", code: "answer")
        default:
            return OperationError(
                .unreachable, "no instance answers at \(address): \(Self.reason(error)); --server says which to ask")
        }
    }

    /// The error of a connection that the other side has ended in the middle of an answer.
    func closed(advice: String = "") -> OperationError {
        OperationError(.unreachable, "\(address) has closed the connection\(advice)", code: "connection_closed")
    }

    private func tlsFailure(_ reason: String) -> OperationError {
        let sentence =
            if reason.contains("WRONG_VERSION_NUMBER") {
                "\(address) does not speak TLS: ask it without https:// and certificates"
            } else if reason.contains("CERTIFICATE_REQUIRED") || reason.contains("HANDSHAKE_FAILURE") {
                "\(address) asks for a certificate: see --client-certificate"
            } else if reason.contains("UNKNOWN_CA") || reason.contains("ALERT") {
                "\(address) does not accept the certificate of --client-certificate"
            } else if reason.contains("CERTIFICATE_VERIFY_FAILED") {
                "the certificate of \(address) is not signed by a known authority: see --tls-authority"
            } else if reason.contains("failedToValidateHostname") || reason.contains("unableToValidate") {
                "the certificate of \(address) is not for this name"
            } else {
                "no TLS connection to \(address): \(Self.oneLine(reason))"
            }
        return OperationError(.denied, sentence, code: "tls")
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first { return reason(first.error) }
            return (error.dnsAError ?? error.dnsAAAAError).map(reason) ?? oneLine("\(error)")
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case is SocketAddressError.UnknownHost: return "the name of the host is not known"
        default: return oneLine("\(error)")
        }
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
