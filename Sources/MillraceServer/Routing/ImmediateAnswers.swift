import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// An answer that was given without a wait, with status 200.
struct ImmediateAnswer {
    var headers: HTTPFields
    var body: ByteBuffer

    /// The same answer for a request that was waited for.
    var response: Response { Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body)) }
}

/// Answers requests in the channel's pipeline, if that takes no wait. All others, also those that fail, go on to Hummingbird's tasks.
///
/// Responses keep the order of the requests: while one is being answered by a task, later ones go there too.
final class ImmediateAnswers: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let answer: (HTTPRequest, any Channel) -> ImmediateAnswer?
    /// The answer to a request whose end has not arrived yet.
    private var ready: ImmediateAnswer?
    /// The number of requests that tasks are answering.
    private var waitingCount = 0
    private var hasWritten = false
    private var date = (second: time_t.min, text: "")

    /// - Parameter answer: returns the answer to a request without a body; `nil` if it has to wait.
    init(_ answer: @escaping (HTTPRequest, any Channel) -> ImmediateAnswer?) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            ready = answer(head, in: context)
            if ready != nil { return }
            waitingCount += 1
        case .body: break
        case .end:
            if let answer = ready {
                ready = nil
                return write(answer, context)
            }
        }
        context.fireChannelRead(data)
    }

    private func answer(_ head: HTTPRequest, in context: ChannelHandlerContext) -> ImmediateAnswer? {
        let fields = head.headerFields
        // A client that reads slowly is waited for by a task.
        guard waitingCount == 0, context.channel.isWritable, head.method == .get,
            !fields.contains(.contentLength), !fields.contains(.transferEncoding), !fields.contains(.connection)
        else { return nil }
        return answer(head, context.channel)
    }

    private func write(_ answer: ImmediateAnswer, _ context: ChannelHandlerContext) {
        var head = HTTPResponse(status: .ok, headerFields: answer.headers)
        head.headerFields[.contentLength] = "\(answer.body.readableBytes)"
        head.headerFields[.date] = dateText()
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(answer.body)), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        hasWritten = true
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if hasWritten { context.flush() }
        hasWritten = false
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { waitingCount = max(0, waitingCount - 1) }
        context.write(data, promise: promise)
    }

    /// The time of day as RFC 9110 writes it (IMF-fixdate).
    private func dateText() -> String {
        var now = time(nil)
        if now == date.second { return date.text }
        var parts = tm()
        gmtime_r(&now, &parts)
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = bytes.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) { chars in
                strftime(chars.baseAddress, chars.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            }
        }
        let text = String(decoding: bytes.prefix(count), as: UTF8.self)
        date = (now, text)
        return text
    }
}
