import Millrace
import NIOCore
import NIOPosix
import NIOSSL

/// Opens connections to other instances, with TLS if the server has it.
struct PeerDialer: Sendable {
    /// The certificates; `nil` for connections without TLS.
    let tls: NIOSSLContext?

    private static let connectTimeout = TimeAmount.seconds(2)

    /// Opens a connection.
    ///
    /// - Parameter setUp: adds the handlers above those of TLS. It runs on the event loop.
    func connect(
        to address: InstanceAddress, on eventLoop: any EventLoop,
        _ setUp: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let (tls, host) = (tls, address.host)
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(Self.connectTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        // Addresses are checked against the certificate too, but are no names that a client may ask for.
                        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host))
                    }
                    try setUp(channel)
                }
            }
            .connect(host: host, port: address.port)
    }
}
