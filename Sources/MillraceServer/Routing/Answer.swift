import HTTPTypes
import Hummingbird
import Millrace
import NIOCore

extension HTTPField.Name {
    /// The progress of what was read, as `Position.description` writes it.
    static let position = HTTPField.Name("Millrace-Position")!
    /// The mark of a request that another instance has passed on: it is answered here or not at all.
    static let forwarded = HTTPField.Name("Millrace-Forwarded")!
}

extension Response {
    /// A position that is longer than this is in the body only, because proxies and clients limit headers.
    private static let maxPositionHeaderCount = 4_096

    /// A response of JSON.
    ///
    /// - Parameter position: the text of the position that the body is of.
    static func json(
        _ text: String, status: HTTPResponse.Status = .ok, position: String? = nil
    ) -> Response {
        Response.text(text, type: "application/json", status: status, position: position)
    }

    static func text(
        _ text: String, type: String, status: HTTPResponse.Status = .ok, position: String? = nil
    ) -> Response {
        bytes(ByteBuffer(string: text), type: type, status: status, position: position)
    }

    static func bytes(
        _ body: ByteBuffer, type: String, status: HTTPResponse.Status = .ok, position: String? = nil
    ) -> Response {
        Response(status: status, headers: headers(type: type, position: position), body: ResponseBody(byteBuffer: body))
    }

    static func headers(type: String, position: String?) -> HTTPFields {
        var headers: HTTPFields = [
            .contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
        ]
        if let position, position.utf8.count <= maxPositionHeaderCount { headers[.position] = position }
        return headers
    }

    /// The response to a request that failed.
    static func failure(_ failure: Failure) -> Response { ImmediateAnswer(failure).response }
}
