import HTTPTypes
import NIOCore
import NIOHTTP1

/// A connection to another instance, which carries one request at a time.
final class PeerConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = PeerRequest
    typealias OutboundOut = HTTPClientRequestPart

    /// The request that is under way, and what has arrived of its answer.
    private struct Exchange {
        var request: PeerRequest
        var head: HTTPResponseHead?
        var body = ByteBuffer()
    }

    private var exchange: Exchange?
    private var hasEnded = false
    private let arrivals: ArrivalMark
    private let hasAnswered: (any Channel) -> Void

    /// - Parameters:
    ///   - arrivals: the handler that sees the bytes of the answers.
    ///   - hasAnswered: called when the connection can take another request.
    init(_ arrivals: ArrivalMark, hasAnswered: @escaping (any Channel) -> Void) {
        self.arrivals = arrivals
        self.hasAnswered = hasAnswered
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let request = unwrapOutboundIn(data)
        // The end has been told already, so nobody would tell it to this request.
        if hasEnded {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        request.take()
        exchange = Exchange(request: request)
        arrivals.hasArrived = false
        let channel = context.channel
        request.promise.futureResult.assumeIsolated().whenFailure { [weak self] _ in
            // Nobody waits for the answer any more, so the request is not sent again.
            self?.exchange = nil
            channel.close(promise: nil)
        }
        context.write(wrapOutboundOut(.head(request.head)), promise: nil)
        if let body = request.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard exchange != nil else { return context.close(promise: nil) }
        switch unwrapInboundIn(data) {
        case .head(let head): exchange?.head = head
        case .body(var part): take(&part)
        case .end: finish(context)
        }
    }

    private func take(_ part: inout ByteBuffer) {
        guard var taken = exchange else { return }
        // Nothing else refers to the body while it grows.
        exchange = nil
        if taken.body.readableBytes + part.readableBytes > taken.request.maxResponseSizeInBytes {
            return taken.request.promise.fail(PeerError.answerTooLarge)
        }
        if taken.body.readableBytes == 0 { taken.body = part } else { taken.body.writeBuffer(&part) }
        exchange = taken
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard let done = exchange, let head = done.head else { return context.close(promise: nil) }
        exchange = nil
        if head.isKeepAlive { hasAnswered(context.channel) } else { context.close(promise: nil) }
        done.request.promise.succeed(
            PeerClient.Answer(status: Int(head.status.code), headers: head.headers, body: done.body))
    }

    func channelInactive(context: ChannelHandlerContext) {
        hasEnded = true
        fail(PeerError.closed)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    private func fail(_ error: any Error) {
        guard let failed = exchange?.request else { return }
        exchange = nil
        if !arrivals.hasArrived, failed.isIdempotent, let again = failed.sendAgain {
            again(failed.unrepeatable)
        } else {
            failed.promise.fail(error)
        }
    }
}

/// Notes whether anything has arrived on a connection.
final class ArrivalMark: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var hasArrived = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasArrived = true
        context.fireChannelRead(data)
    }
}

/// The reason why another instance has not answered.
enum PeerError: Error {
    case closed
    case answerTooLarge
    case timedOut
}
