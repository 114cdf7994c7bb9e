import NIOCore

/// Commands that are sent in one piece, and the promises of their answers.
struct RedisRequest: Sendable {
    var commands: [RedisCommand]
    var promises: [EventLoopPromise<RedisValue>]
    /// The time limit for the answers.
    var limit: TimeAmount
}

/// Gives each answer to the command that it belongs to.
final class RedisChannelHandler: ChannelDuplexHandler {
    typealias InboundIn = RedisValue
    typealias OutboundIn = RedisRequest
    typealias OutboundOut = ByteBuffer

    private struct Waiting {
        var command: String
        var promise: EventLoopPromise<RedisValue>
        var deadline: NIODeadline
    }

    private let address: String
    private let pushes: AsyncStream<[RedisValue]>.Continuation
    private var waiting: CircularBuffer<Waiting> = []
    private var alarm: Scheduled<Void>?
    private var alarmDeadline = NIODeadline.distantFuture
    private var failure: RedisError?

    init(address: String, pushes: AsyncStream<[RedisValue]>.Continuation) {
        self.address = address
        self.pushes = pushes
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let request = unwrapOutboundIn(data)
        let deadline = NIODeadline.now() + request.limit
        var buffer = context.channel.allocator.buffer(capacity: 256)
        for (command, answer) in zip(request.commands, request.promises) {
            command.write(to: &buffer)
            waiting.append(Waiting(command: command.name, promise: answer, deadline: deadline))
        }
        if deadline < alarmDeadline { setAlarm(context, deadline) }
        context.write(wrapOutboundOut(buffer), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let value = unwrapInboundIn(data)
        if let message = Self.message(value) {
            pushes.yield(message)
            // A subscription's own confirmation also answers the command.
            guard Self.isConfirmation(message) else { return }
        }
        guard let first = waiting.popFirst() else {
            return fail(context, .protocolProblem("an answer came that nobody asked for"))
        }
        first.promise.succeed(value)
    }

    /// Returns the message of a subscription that a value is. Under version 2 of the protocol it is an array like any other.
    private static func message(_ value: RedisValue) -> [RedisValue]? {
        switch value {
        case .push(let message): return message
        case .array(let elements):
            guard let kind = elements.first?.text, messages.contains(kind), elements.count >= 3 else { return nil }
            return elements
        default: return nil
        }
    }

    private static let messages: Set<String> = [
        "message", "pmessage", "smessage", "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe",
        "sunsubscribe",
    ]

    private static func isConfirmation(_ message: [RedisValue]) -> Bool {
        message.first?.text.map { $0.hasSuffix("subscribe") } ?? false
    }

    // MARK: Time

    /// Rings when the time of the first command may be over.
    private func setAlarm(_ context: ChannelHandlerContext, _ deadline: NIODeadline) {
        alarm?.cancel()
        alarmDeadline = deadline
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        alarm = context.eventLoop.scheduleTask(deadline: deadline) {
            let (handler, context) = bound.value
            handler.alarmDeadline = .distantFuture
            guard let next = handler.waiting.min(by: { $0.deadline < $1.deadline }) else { return }
            if next.deadline <= .now() {
                handler.fail(context, .timedOut(address: handler.address, command: next.command))
            } else {
                handler.setAlarm(context, next.deadline)
            }
        }
    }

    // MARK: The end

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(context, error as? RedisError ?? .unreachable(address: address, "\(error)"))
    }

    private func fail(_ context: ChannelHandlerContext, _ error: RedisError) {
        failure = failure ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        alarm?.cancel()
        let error = failure ?? .disconnected(address: address)
        while let next = waiting.popFirst() { next.promise.fail(error) }
        pushes.finish()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { pushes.finish() }
}
