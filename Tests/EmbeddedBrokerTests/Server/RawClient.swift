import Foundation
import NIOCore

@testable import EmbeddedBroker

/// A client that sends exactly the bytes that it is told to, over a blocking socket.
final class RawClient {
    enum Failure: Error, Hashable {
        case cannotConnect
        /// The broker closed the connection.
        case closed
        /// No answer arrived in time.
        case silence
    }

    private let descriptor: Int32
    private var lastCorrelationID: Int32 = 0

    convenience init(_ broker: EmbeddedBroker) throws {
        try self.init(port: broker.port)
    }

    init(port: Int) throws {
        #if os(Linux)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure.cannotConnect }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close(descriptor)
    }

    /// Sends a request and awaits its answer.
    func call<Request: WireRequest>(_ request: Request, version: Int16? = nil) throws -> Request.Response {
        try send(request, version: version)
        return try receive(Request.self, version: version)
    }

    @discardableResult
    func send<Request: WireRequest>(_ request: Request, version: Int16? = nil) throws -> Int32 {
        lastCorrelationID += 1
        let version = version ?? Request.api.versions.upperBound
        let header = RequestHeader(
            Request.api, version: version, correlationID: lastCorrelationID, clientID: "raw")
        try send(bytes: Array(try request.frame(header).readableBytesView))
        return lastCorrelationID
    }

    func receive<Request: WireRequest>(
        _: Request.Type, version: Int16? = nil, correlationID: Int32? = nil
    ) throws -> Request.Response {
        let version = version ?? Request.api.versions.upperBound
        var frame = try receiveFrame()
        let received: Int32? = frame.readInteger()
        guard received == correlationID ?? lastCorrelationID else { throw MalformedMessage("not the answer awaited") }
        if Request.api.responseHeaderIsFlexible(version) { frame.moveReaderIndex(forwardBy: 1) }
        return try Request.Response.decode(frame, version: version)
    }

    func send(bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.send(
                    descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure.closed }
            sent += count
        }
    }

    /// The next answer without its size.
    func receiveFrame() throws -> ByteBuffer {
        var size = ByteBuffer(bytes: try receive(4))
        return ByteBuffer(bytes: try receive(Int(size.readInteger(as: Int32.self) ?? 0)))
    }

    /// Whether the broker closes the connection without an answer.
    func isClosedByBroker() -> Bool {
        do {
            _ = try receive(1)
            return false
        } catch {
            return error as? Failure == .closed
        }
    }

    private func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let got = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress?.advanced(by: received), count - received, 0)
            }
            if got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) { throw Failure.silence }
            guard got > 0 else { throw Failure.closed }
            received += got
        }
        return bytes
    }
}
