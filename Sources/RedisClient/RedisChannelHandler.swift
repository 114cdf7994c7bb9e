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
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = RedisRequest
    typealias OutboundOut = ByteBuffer

    private struct Waiting {
        var command: String
        var promise: EventLoopPromise<RedisValue>
        var deadline: NIODeadline
        /// The first text of the answer, if the command begins or ends a subscription.
        var confirmation: String?
        var wantsEncodedAnswer: Bool

        init(_ command: RedisCommand, _ promise: EventLoopPromise<RedisValue>, _ deadline: NIODeadline) {
            (self.command, self.promise, self.deadline) = (command.name, promise, deadline)
            wantsEncodedAnswer = command.wantsEncodedAnswer
            let name = self.command.lowercased()
            confirmation = name.hasSuffix("subscribe") ? name : nil
        }
    }

    private let address: String
    private let pushes: AsyncStream<[RedisValue]>.Continuation
    private var waiting: CircularBuffer<Waiting> = []
    /// The numbers of subscriptions. Without one, an array is the answer to a command, however it begins.
    private var subscriptions: (channels: Int64, shards: Int64) = (0, 0)
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
            waiting.append(Waiting(command, answer, deadline))
        }
        if deadline < alarmDeadline { setAlarm(context, deadline) }
        context.write(wrapOutboundOut(buffer), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let answer = unwrapInboundIn(data)
        do throws(RedisError) { take(try value(of: answer), context) } catch { fail(context, error) }
    }

    private func value(of answer: ByteBuffer) throws(RedisError) -> RedisValue {
        guard waiting.first?.wantsEncodedAnswer == true, !isSubscribed,
            let kind = answer.readableBytesView.first, !Self.decodedKinds.contains(kind)
        else { return try RedisCursor.value(of: answer) }
        return .encoded(answer)
    }

    /// The kinds of failures, and of messages that no command asked for.
    private static let decodedKinds = "-!>".utf8

    private func take(_ value: RedisValue, _ context: ChannelHandlerContext) {
        if let message = message(value) {
            pushes.yield(message)
            // A subscription's own confirmation also answers the command.
            guard isAnswer(message) else { return }
        }
        guard let first = waiting.popFirst() else {
            return fail(context, .protocolProblem("an answer came that nobody asked for"))
        }
        first.promise.succeed(value)
    }

    /// Returns the message of a subscription that a value is. Under version 2 of the protocol it is an array like any other.
    private func message(_ value: RedisValue) -> [RedisValue]? {
        switch value {
        case .push(let message):
            note(message)
            return message
        case .array(let elements):
            guard elements.count >= 3, isSubscribed || isAnswer(elements), let kind = elements.first?.text,
                Self.messages.contains(kind)
            else { return nil }
            note(elements)
            return elements
        default: return nil
        }
    }

    private var isSubscribed: Bool { subscriptions.channels > 0 || subscriptions.shards > 0 }

    private static let messages: Set<String> = [
        "message", "pmessage", "smessage", "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe",
        "sunsubscribe",
    ]

    /// Whether a message confirms the command that waits for an answer.
    private func isAnswer(_ message: [RedisValue]) -> Bool {
        guard let confirmation = waiting.first?.confirmation else { return false }
        return message.first?.text == confirmation
    }

    /// Learns from a confirmation whether there are subscriptions.
    private func note(_ message: [RedisValue]) {
        guard message.count >= 3, let kind = message[0].text, kind.hasSuffix("subscribe"),
            let count = message[2].integer
        else { return }
        if kind == "ssubscribe" || kind == "sunsubscribe" {
            subscriptions.shards = count
        } else {
            subscriptions.channels = count
        }
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
