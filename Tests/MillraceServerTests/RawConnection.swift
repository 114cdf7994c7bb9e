import Millrace
import NIOCore
import NIOPosix
import Synchronization

/// A TCP connection that sends what a test likes. It reads only if it is told to.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let state: State

    init(_ address: InstanceAddress, reads: Bool = false) async throws {
        let state = State()
        self.state = state
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelOption(.socketOption(.so_rcvbuf), value: 4_096)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Receiver(state: state))
                }
            }
            .connect(host: address.host, port: address.port).get()
        channel.closeFuture.whenComplete { _ in state.end() }
    }

    deinit { channel.close(promise: nil) }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    func closeOutput() { channel.close(mode: .output, promise: nil) }
    func close() { channel.close(promise: nil) }

    /// Whether the other side has closed the connection. A socket that is not read finds out only by writing.
    var isClosed: Bool {
        channel.writeAndFlush(ByteBuffer(string: "x"), promise: nil)
        return state.isEnded
    }

    var isEnded: Bool { state.isEnded }
    var received: String { String(decoding: state.bytes, as: UTF8.self) }
    var receivedCount: Int { state.bytes.count }

    final class State: Sendable {
        private let shared = Mutex<(bytes: [UInt8], isEnded: Bool)>(([], false))

        func take(_ buffer: ByteBuffer) { shared.withLock { $0.bytes += buffer.readableBytesView } }
        func end() { shared.withLock { $0.isEnded = true } }
        var bytes: [UInt8] { shared.withLock { $0.bytes } }
        var isEnded: Bool { shared.withLock { $0.isEnded } }
    }

    private final class Receiver: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let state: State

        init(state: State) { self.state = state }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { state.take(unwrapInboundIn(data)) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
