import Millrace
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// The connections to other instances. One that has answered is kept for the next request from the same event loop, until the other
/// instance closes it.
final class PeerConnections: Sendable {
    private let tls: NIOSSLContext?
    private let state = Mutex(State())

    private struct Place: Hashable {
        var address: InstanceAddress
        var eventLoop: ObjectIdentifier
    }

    private struct State {
        var idle: [Place: [any Channel]] = [:]
        var isClosed = false
    }

    private static let connectTimeout = TimeAmount.seconds(2)
    /// The number of connections that are kept for each instance and event loop.
    private static let maxIdleCount = 32

    /// - Parameter tls: the certificates; `nil` for connections without TLS.
    init(_ tls: NIOSSLContext?) { self.tls = tls }

    /// Sends a request over a connection that is kept, or else over a new one.
    func send(_ request: PeerRequest, to address: InstanceAddress) {
        let eventLoop = request.promise.futureResult.eventLoop
        let place = Place(address: address, eventLoop: ObjectIdentifier(eventLoop))
        if let channel = takeIdle(at: place) {
            Self.send(request, over: channel)
        } else {
            let opened = open(at: place, on: eventLoop)
            opened.whenSuccess { Self.send(request, over: $0) }
            opened.whenFailure { request.promise.fail($0) }
        }
    }

    private static func send(_ request: PeerRequest, over channel: any Channel) {
        // The connection may have been closed meanwhile; then nobody else fails the request.
        channel.writeAndFlush(request).whenFailure { request.promise.fail($0) }
    }

    private func takeIdle(at place: Place) -> (any Channel)? {
        state.withLock { state in
            while let channel = state.idle[place]?.popLast() {
                if channel.isActive { return channel }
            }
            return nil
        }
    }

    private func keep(_ channel: any Channel, at place: Place) {
        let isKept = state.withLock { state in
            if state.isClosed { return false }
            // Those that have been closed meanwhile make room.
            if state.idle[place]?.count ?? 0 >= Self.maxIdleCount { state.idle[place]?.removeAll { !$0.isActive } }
            if state.idle[place]?.count ?? 0 >= Self.maxIdleCount { return false }
            state.idle[place, default: []].append(channel)
            return true
        }
        if !isKept { channel.close(promise: nil) }
    }

    private func open(at place: Place, on eventLoop: any EventLoop) -> EventLoopFuture<any Channel> {
        let (tls, host) = (tls, place.address.host)
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(Self.connectTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        // Addresses are checked against the certificate too, but are no names that a client may ask for.
                        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host))
                    }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(PeerConnection { [self] in keep($0, at: place) })
                }
            }
            .connect(host: host, port: place.address.port)
    }

    /// Closes the connections without a request; the others close once they have answered.
    func close() async {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [:] }
            return state.idle.values.flatMap { $0 }
        }
        for channel in idle { try? await channel.close() }
    }
}
