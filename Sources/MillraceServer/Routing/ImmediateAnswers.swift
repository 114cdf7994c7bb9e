import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// Answers requests in the channel's pipeline, if that takes no wait, and forwards reads to their owners from there. All others, also
/// those that fail, go on to Hummingbird's tasks.
///
/// Responses keep the order of the requests. While one is being answered by a task, later ones go there too. While one has been
/// forwarded, what arrives after it is held, and no more is read.
final class ImmediateAnswers: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The things that arrive while a read has been forwarded.
    private enum Held {
        case part(NIOAny)
        case inputClosed
        case failure(any Error)
    }

    private let connections: SharedConnections
    private let course: (HTTPRequest, any Channel) -> ImmediateCourse?
    /// The course of a request whose end has not arrived yet.
    private var ready: ImmediateCourse?
    /// The number of requests that tasks are answering.
    private var waitingCount = 0
    /// The number of the read that has been forwarded; `nil` if none has.
    private var forwarded: Int?
    private var forwardedCount = 0
    private var held = CircularBuffer<Held>()
    private var holdsRead = false
    private var hasWritten = false
    private var date = DateText()

    /// - Parameters:
    ///   - connections: the connections to other instances of the channel's event loop.
    ///   - course: returns the course of a request without a body; `nil` if it needs a task.
    init(_ connections: SharedConnections, _ course: @escaping (HTTPRequest, any Channel) -> ImmediateCourse?) {
        self.connections = connections
        self.course = course
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isHolding { held.append(.part(data)) } else { take(data, context) }
    }

    private func take(_ data: NIOAny, _ context: ChannelHandlerContext) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            ready = course(of: head, in: context)
            if ready != nil { return }
            waitingCount += 1
        case .body: break
        case .end:
            defer { ready = nil }
            switch ready {
            case .answer(let answer): return write(answer, context)
            case .forward(let read): return forward(read, context)
            case nil: break
            }
        }
        context.fireChannelRead(data)
    }

    private func course(of head: HTTPRequest, in context: ChannelHandlerContext) -> ImmediateCourse? {
        let fields = head.headerFields
        // A client that reads slowly is waited for by a task.
        guard waitingCount == 0, context.channel.isWritable, head.method == .get,
            !fields.contains(.contentLength), !fields.contains(.transferEncoding), !fields.contains(.connection)
        else { return nil }
        return course(head, context.channel)
    }

    private func write(_ answer: ImmediateAnswer, _ context: ChannelHandlerContext) {
        var head = HTTPResponse(status: answer.status, headerFields: answer.headers)
        head.headerFields[.contentLength] = "\(answer.body.readableBytes)"
        head.headerFields[.date] = date.now
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(answer.body)), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        hasWritten = true
    }

    private func flush(_ context: ChannelHandlerContext) {
        if hasWritten { context.flush() }
        hasWritten = false
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush(context)
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { waitingCount = max(0, waitingCount - 1) }
        context.write(data, promise: promise)
    }

    // MARK: Forwarded reads

    private func forward(_ read: ForwardedRead, _ context: ChannelHandlerContext) {
        forwardedCount += 1
        let number = forwardedCount
        forwarded = number
        let isSent = connections.forward(read) { [weak self] answer in
            // The client may have gone meanwhile.
            guard let self, forwarded == number else { return }
            finish(read, answer, context)
        }
        if isSent { return }
        forwarded = nil
        fallBack(read, context)
    }

    private func finish(_ read: ForwardedRead, _ answer: ImmediateAnswer?, _ context: ChannelHandlerContext) {
        forwarded = nil
        if let answer { write(answer, context) } else { fallBack(read, context) }
        if answer == nil || !held.isEmpty {
            release(context)
            // Tasks begin with what they have been given once a read is complete.
            context.fireChannelReadComplete()
        }
        flush(context)
        if holdsRead, forwarded == nil {
            holdsRead = false
            context.read()
        }
    }

    /// Leaves a read to a task, with the time that it has left.
    private func fallBack(_ read: ForwardedRead, _ context: ChannelHandlerContext) {
        waitingCount += 1
        context.fireChannelRead(wrapInboundOut(.head(read.rest)))
        context.fireChannelRead(wrapInboundOut(.end(nil)))
    }

    /// Goes on with what has arrived, until another read is forwarded.
    private func release(_ context: ChannelHandlerContext) {
        while forwarded == nil, let item = held.popFirst() {
            switch item {
            case .part(let data): take(data, context)
            case .inputClosed: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            case .failure(let error): context.fireErrorCaught(error)
            }
        }
    }

    /// Whether what arrives has to wait.
    private var isHolding: Bool { forwarded != nil || !held.isEmpty }

    func read(context: ChannelHandlerContext) {
        // One read may bring more than one request; then the next read waits until they are answered.
        if forwarded == nil || held.isEmpty { context.read() } else { holdsRead = true }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that has closed its side still gets the answer.
        if isHolding, case .inputClosed? = event as? ChannelEvent {
            held.append(.inputClosed)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isHolding { held.append(.failure(error)) } else { context.fireErrorCaught(error) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        forget()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { forget() }

    private func forget() {
        forwarded = nil
        held.removeAll()
    }
}
