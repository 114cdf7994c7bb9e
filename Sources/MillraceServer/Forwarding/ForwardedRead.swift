import HTTPTypes
import Millrace
import NIOCore

/// A read of one key that goes to its owner over a connection that many reads share.
struct ForwardedRead {
    let address: InstanceAddress
    private let request: RouteRequest
    private let accept: String
    private let deadline: ContinuousClock.Instant

    /// - Parameters:
    ///   - accept: the media type that the client wants.
    ///   - deadline: the time until which an answer is worth something.
    /// - Returns: `nil` if the request has characters that cannot be written as they are.
    init?(_ request: RouteRequest, to address: InstanceAddress, accept: String, until deadline: ContinuousClock.Instant)
    {
        guard Self.isPlain(request.head.path ?? ""), Self.isPlain(address.host),
            request.head.headerFields[.authorization].map({ Self.isPlain($0, allowsSpaces: true) }) ?? true
        else { return nil }
        (self.address, self.request, self.accept, self.deadline) = (address, request, accept, deadline)
    }

    /// Writes the request to the owner. The owner must not wait for anything, because other reads would wait with it.
    func write(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("GET ")
        buffer.writeString(request.target(within: .zero))
        buffer.writeStaticString(" HTTP/1.1\r\nHost: ")
        buffer.writeString(address.description)
        buffer.writeStaticString("\r\nAccept: ")
        buffer.writeString(accept)
        buffer.writeStaticString("\r\nMillrace-Forwarded: 1\r\n")
        if let authorization = request.head.headerFields[.authorization] {
            buffer.writeStaticString("Authorization: ")
            buffer.writeString(authorization)
            buffer.writeStaticString("\r\n")
        }
        buffer.writeStaticString("\r\n")
    }

    /// The client's request with the time that is left of its own.
    var rest: HTTPRequest {
        var head = request.head
        head.path = request.target(within: max(.zero, ContinuousClock.now.duration(to: deadline)))
        return head
    }

    /// Whether a text has printable ASCII only, so that it cannot end a line.
    private static func isPlain(_ text: String, allowsSpaces: Bool = false) -> Bool {
        text.utf8.allSatisfy { (0x21...0x7e).contains($0) || (allowsSpaces && $0 == 0x20) }
    }
}
