import HTTPTypes
import HummingbirdCore
import Millrace
import NIOCore

/// The course of a request that takes no task, if all goes well.
enum ImmediateCourse {
    /// The answer is there.
    case answer(ImmediateAnswer)
    /// Another instance has it.
    case forward(ForwardedRead)
}

/// An answer that was given without a wait.
struct ImmediateAnswer {
    var status = HTTPResponse.Status.ok
    var headers: HTTPFields
    var body: ByteBuffer

    /// The size up to which an answer fits into the system's buffers, so that nobody waits for its reader.
    static let maxCount = 32 << 10

    /// The same answer for a request that was waited for.
    var response: Response { Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body)) }
}

extension ImmediateAnswer {
    /// The answer to a request that failed.
    init(_ failure: Failure) {
        headers = Response.headers(type: "application/json", position: failure.position?.description)
        if failure.status == .serviceUnavailable || failure.status == .tooManyRequests { headers[.retryAfter] = "1" }
        if !failure.allowed.isEmpty {
            headers[.allow] = failure.allowed.map(\.rawValue).joined(separator: ", ")
        }
        if failure.status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        status = failure.status
        body = ByteBuffer(string: failure.json)
    }
}
