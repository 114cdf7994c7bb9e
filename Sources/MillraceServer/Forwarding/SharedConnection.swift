import MillraceRouting
import NIOCore

/// A connection to another instance that carries many reads at once. What is written in one turn of the event loop is sent in one go.
///
/// An owner that answers nothing for a while holds up all of them, so then the connection is closed, and they fall back.
final class SharedConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Gets the answer; `nil` if the connection has ended without one.
    typealias Finish = (AnswerParser.Answer?) -> Void

    private struct Read {
        var end: NIODeadline
        var finish: Finish
    }

    private let patience: TimeAmount
    private var context: ChannelHandlerContext?
    private var reads = RequestsInFlight<Read>()
    private var parser = AnswerParser()
    private var unsent = ByteBuffer()
    private var alarm: Scheduled<Void>?

    /// The greatest number of reads at once.
    private static let maxCount = 1_024

    init(patience: TimeAmount) { self.patience = patience }

    /// Whether another read may be sent.
    var hasRoom: Bool { context?.channel.isWritable == true && reads.count < Self.maxCount }

    /// Sends a read at the end of this turn of the event loop.
    func send(_ read: ForwardedRead, _ finish: @escaping Finish) {
        guard let context else { return finish(nil) }
        reads.append(Read(end: .now() + patience, finish: finish))
        if unsent.readableBytes == 0 { context.eventLoop.assumeIsolated().execute { self.flush() } }
        read.write(into: &unsent)
        if alarm == nil { setAlarm(context) }
    }

    func close() { context?.close(promise: nil) }

    private func flush() {
        guard let context else { return }
        let sent = unsent
        unsent = ByteBuffer()
        reads.send()
        context.writeAndFlush(wrapOutboundOut(sent), promise: nil)
    }

    /// Rings when the time of the oldest read may be over. Answers do not stop it: it looks again when it rings.
    private func setAlarm(_ context: ChannelHandlerContext) {
        guard let oldest = reads.oldest else { return }
        alarm = context.eventLoop.assumeIsolated().scheduleTask(deadline: oldest.end) {
            self.alarm = nil
            guard let oldest = self.reads.oldest else { return }
            if oldest.end <= .now() { self.close() } else { self.setAlarm(context) }
        }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parser.append(unwrapInboundIn(data))
        do throws(AnswerParser.Unreadable) {
            while let answer = try parser.next() {
                // Nobody has asked for an answer that is one too many.
                guard let read = reads.removeOldest() else { throw AnswerParser.Unreadable() }
                read.finish(answer)
                if answer.isLast { return close() }
            }
        } catch {
            close()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func end() {
        context = nil
        alarm?.cancel()
        alarm = nil
        for read in reads.removeAll() { read.finish(nil) }
    }
}
