import Millrace
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// The connections to other instances. One that has answered is kept for the next request from the same event loop, until the other
/// instance closes it. Besides there are those that forwarded reads share.
///
/// The other instance may close a kept connection at the moment at which a request is written to it. Then the request is sent once more,
/// over a new connection, if it cannot have been answered and may be repeated (RFC 9110, 9.2.2).
final class PeerConnections: Sendable {
    private let dialer: PeerDialer
    private let state = Mutex(State())

    private struct Place: Hashable {
        var address: InstanceAddress
        var eventLoop: ObjectIdentifier
    }

    private struct State {
        var idle: [Place: [any Channel]] = [:]
        var shared: [ObjectIdentifier: NIOLoopBound<SharedConnections>] = [:]
        var isClosed = false
    }

    /// The number of connections that are kept for each instance and event loop.
    private static let maxIdleCount = 32

    /// - Parameter tls: the certificates; `nil` for connections without TLS.
    init(_ tls: NIOSSLContext?) { dialer = PeerDialer(tls: tls) }

    /// Sends a request over a connection that is kept, or else over a new one.
    func send(_ request: PeerRequest, to address: InstanceAddress) {
        let place = Place(address: address, eventLoop: ObjectIdentifier(request.promise.futureResult.eventLoop))
        guard let channel = takeIdle(at: place) else { return sendAnew(request, to: address) }
        Self.send(request.repeatable { [self] in sendAnew($0, to: address) }, over: channel)
    }

    /// Returns the connections that the forwarded reads of an event loop share. Call it on that event loop.
    func shared(on eventLoop: any EventLoop) -> SharedConnections {
        let key = ObjectIdentifier(eventLoop)
        let shared = state.withLock { state in
            if let known = state.shared[key] { return known }
            let made = NIOLoopBound(SharedConnections(dialer, on: eventLoop), eventLoop: eventLoop)
            if state.isClosed { made.value.close() } else { state.shared[key] = made }
            return made
        }
        return shared.value
    }

    private func sendAnew(_ request: PeerRequest, to address: InstanceAddress) {
        let eventLoop = request.promise.futureResult.eventLoop
        let opened = open(at: Place(address: address, eventLoop: ObjectIdentifier(eventLoop)), on: eventLoop)
        opened.whenSuccess { Self.send(request, over: $0) }
        opened.whenFailure { request.promise.fail($0) }
    }

    static func send(_ request: PeerRequest, over channel: any Channel) {
        channel.writeAndFlush(request).whenFailure { error in
            // The connection may have been closed before it took the request. Then nobody else ends it, and nothing has been sent.
            guard !request.isTaken else { return }
            if let again = request.sendAgain { again(request.unrepeatable) } else { request.promise.fail(error) }
        }
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
        dialer.connect(to: place.address, on: eventLoop) { channel in
            let pipeline = channel.pipeline.syncOperations
            let arrivals = ArrivalMark()
            try pipeline.addHandler(arrivals)
            try pipeline.addHTTPClientHandlers()
            try pipeline.addHandler(PeerConnection(arrivals) { [self] in keep($0, at: place) })
        }
    }

    /// Closes the connections without a request and those that forwarded reads share; the others close once they have answered.
    func close() async {
        let (idle, shared) = state.withLock { state in
            state.isClosed = true
            defer { (state.idle, state.shared) = ([:], [:]) }
            return (state.idle.values.flatMap { $0 }, Array(state.shared.values))
        }
        for channel in idle { try? await channel.close() }
        for connections in shared { try? await connections.eventLoop.submit { connections.value.close() }.get() }
    }
}
