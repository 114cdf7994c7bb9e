import DequeModule
import Logging
import NIOCore

/// One client's connection. Requests are answered in the order of arrival: while one is being answered, which may take time,
/// the next ones wait, as in Kafka. To bound the waiting requests, the connection stops reading.
///
/// Belongs to the broker's event loop.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// With this much waiting, nothing more is read.
    private static let waitingLimitInBytes = 1 << 20
    private static let waitingLimit = 128

    private let broker: Broker
    private var context: ChannelHandlerContext?
    private var waiting = Deque<ByteBuffer>()
    private var waitingBytes = 0
    private var isAnswering = false
    private var isPumping = false
    private var isReading = true
    private var hasUnflushed = false
    /// The client's address as group descriptions show it, such as `/127.0.0.1`.
    private(set) var clientHost = "/"
    /// The address at which the client reached the broker.
    private(set) var localAddress: BrokerAddress?

    init(broker: Broker) {
        self.broker = broker
    }

    var isOpen: Bool { context != nil }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        localAddress = BrokerAddress(context.localAddress)
        clientHost = "/" + (context.remoteAddress?.ipAddress ?? "")
        broker.opened(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        waiting.append(frame)
        waitingBytes += frame.readableBytes
        pump()
        readAsRoomAllows()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { pump() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        forget()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        forget()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is FrameDecoder.WrongSize {
            close(because: "\(error)")
        } else {
            // The client's end of the connection broke: nothing unusual.
            broker.logger.debug("connection to \(clientHost) broke: \(error)")
            close()
        }
    }

    /// Sends the answer to the current request and continues with the next.
    func send(_ frame: ByteBuffer) {
        guard let context else { return }
        context.write(wrapOutboundOut(frame), promise: nil)
        hasUnflushed = true
        if !context.channel.isWritable { flush() }
        finish()
    }

    /// Completes the current request, which needs no answer.
    func skip() {
        finish()
    }

    func close(because reason: String) {
        guard isOpen else { return }
        broker.logger.warning("closing the connection to \(clientHost): \(reason)")
        close()
    }

    func close() {
        guard let context else { return }
        forget()
        context.close(promise: nil)
    }

    private func finish() {
        isAnswering = false
        guard !isPumping else { return }
        // The answer came later, outside of a read.
        pump()
        flush()
    }

    /// Passes requests to the broker until one has to wait for its answer.
    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        // A client that does not read its answers gets no more of them meanwhile.
        while !isAnswering, let context, context.channel.isWritable, let frame = waiting.popFirst() {
            waitingBytes -= frame.readableBytes
            isAnswering = true
            broker.receive(frame, from: self)
        }
        isPumping = false
        readAsRoomAllows()
    }

    private func readAsRoomAllows() {
        guard let context else { return }
        let hasRoom = waitingBytes < Self.waitingLimitInBytes && waiting.count < Self.waitingLimit
        guard hasRoom != isReading else { return }
        isReading = hasRoom
        context.channel.setOption(.autoRead, value: hasRoom).whenFailure { _ in }
    }

    private func flush() {
        guard hasUnflushed, let context else { return }
        hasUnflushed = false
        context.flush()
    }

    private func forget() {
        guard context != nil else { return }
        context = nil
        waiting.removeAll()
        broker.closed(self)
    }
}
