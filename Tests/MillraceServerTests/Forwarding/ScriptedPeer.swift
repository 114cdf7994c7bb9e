import Millrace
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A server that does with each request what a script says, and counts its connections.
final class ScriptedPeer: Sendable {
    enum Step: Sendable {
        case send(String)
        case close
    }

    /// A request as it has arrived, with its number on its connection and its connection's number, both from 1.
    struct Request: Sendable {
        var connection: Int
        var number: Int
        var text: String

        var target: String { text.split(separator: " ").dropFirst().first.map(String.init) ?? "" }
        /// Whether the request came over a connection that forwarded reads share.
        var isShared: Bool { target.hasSuffix("timeout=0.0") }
    }

    private struct Counts {
        var accepted = 0
        var open = 0
        var requests: [Request] = []
    }

    let address: InstanceAddress
    private let channel: any Channel
    private let counts: Shared

    init(
        at address: InstanceAddress = InstanceAddress(host: "127.0.0.1", port: 0),
        _ script: @escaping @Sendable (Request) -> [Step]
    ) async throws {
        let counts = Shared()
        self.counts = counts
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let connection = counts.accept()
                channel.closeFuture.whenComplete { _ in counts.end() }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Receiver(connection: connection, counts: counts, script: script))
                }
            }
        var channel: (any Channel)?
        // The port of a server that has ended may be that of somebody's connection for a moment.
        try await eventually("the free port \(address)") {
            channel = try? await bootstrap.bind(host: address.host, port: address.port).get()
            return channel != nil
        }
        self.channel = try #require(channel)
        self.address = InstanceAddress(host: "127.0.0.1", port: self.channel.localAddress?.port ?? 0)
    }

    var acceptedCount: Int { counts.state.withLock { $0.accepted } }
    var openCount: Int { counts.state.withLock { $0.open } }
    var requests: [Request] { counts.state.withLock { $0.requests } }

    func stop() async throws { try await channel.close() }

    static func answer(_ body: String, status: String = "200 OK", headers: String = "") -> Step {
        .send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }

    private final class Shared: Sendable {
        let state = Mutex(Counts())

        func accept() -> Int {
            state.withLock { state in
                state.accepted += 1
                state.open += 1
                return state.accepted
            }
        }

        func end() { state.withLock { $0.open -= 1 } }
        func take(_ request: Request) { state.withLock { $0.requests.append(request) } }
    }

    private final class Receiver: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let connection: Int
        private let counts: Shared
        private let script: @Sendable (Request) -> [Step]
        private var arrived = ""
        private var count = 0

        init(connection: Int, counts: Shared, script: @escaping @Sendable (Request) -> [Step]) {
            (self.connection, self.counts, self.script) = (connection, counts, script)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            arrived += String(buffer: unwrapInboundIn(data))
            while let end = arrived.firstRange(of: "\r\n\r\n") {
                count += 1
                let request = Request(
                    connection: connection, number: count, text: String(arrived[..<end.lowerBound]))
                arrived.removeSubrange(..<end.upperBound)
                counts.take(request)
                for step in script(request) {
                    switch step {
                    case .send(let text):
                        context.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
                    case .close: context.close(promise: nil)
                    }
                }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
