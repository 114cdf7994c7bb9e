import HTTPTypes
import Hummingbird
import Millrace
import MillraceRouting
import NIOCore

/// The connections of one event loop that many forwarded reads share: one to each instance. It is used on that event loop only.
final class SharedConnections {
    private enum Place {
        case opening
        case open(SharedConnection)
    }

    private let dialer: PeerDialer
    private let eventLoop: any EventLoop
    private var places: [InstanceAddress: Place] = [:]
    private var isClosed = false

    init(_ dialer: PeerDialer, on eventLoop: any EventLoop) {
        self.dialer = dialer
        self.eventLoop = eventLoop
    }

    /// Forwards a read to its owner.
    ///
    /// - Parameter finish: gets the answer later; `nil` if there is none that counts.
    /// - Returns: `false` if the read cannot be sent at once. Then a connection is opened for those that follow.
    func forward(_ read: ForwardedRead, _ finish: @escaping (ImmediateAnswer?) -> Void) -> Bool {
        guard case .open(let connection)? = places[read.address] else {
            open(to: read.address)
            return false
        }
        guard connection.hasRoom else { return false }
        connection.send(read) { answer in finish(answer.flatMap { ImmediateAnswer($0) }) }
        return true
    }

    /// Closes all connections. Their reads fall back.
    func close() {
        isClosed = true
        for case .open(let connection) in Array(places.values) { connection.close() }
    }

    private func open(to address: InstanceAddress) {
        guard places[address] == nil, !isClosed else { return }
        places[address] = .opening
        let connection = SharedConnection(patience: .nanoseconds(ImmediateRead.patience.nanoseconds))
        let handler = NIOLoopBound(connection, eventLoop: eventLoop)
        let opened = dialer.connect(to: address, on: eventLoop) {
            try $0.pipeline.syncOperations.addHandler(handler.value)
        }
        opened.assumeIsolated().whenComplete { result in
            guard case .success(let channel) = result, channel.isActive, !self.isClosed else {
                if case .success(let channel) = result { channel.close(promise: nil) }
                self.places[address] = nil
                return
            }
            self.places[address] = .open(connection)
            channel.closeFuture.assumeIsolated().whenComplete { _ in self.places[address] = nil }
        }
    }
}

extension ImmediateAnswer {
    private static let keyUnknown = Array(#"{"code": "key_unknown""#.utf8)

    /// Passes on an owner's answer; `nil` if the read has to fall back.
    fileprivate init?(_ answer: AnswerParser.Answer) {
        guard let body = answer.body,
            ImmediateRead.isAnswer(
                status: answer.status, saysKeyUnknown: body.readableBytesView.starts(with: Self.keyUnknown))
        else { return nil }
        status = HTTPResponse.Status(code: answer.status)
        headers = Response.headers(type: answer.type ?? "application/json", position: answer.position)
        self.body = body
    }
}
